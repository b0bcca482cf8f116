sign-in-title = Verbinde dein Garmin-Konto
sign-in-unseen = Eine App bittet um Zugriff. Sie gibt an, dass ihre Beschreibung hier steht:
sign-in-unseen-warning = <strong>Noch nicht geprüft.</strong> Diese App hat hier noch niemand verbunden. Sobald du dich angemeldet hast, wird ihre Beschreibung gelesen, und du entscheidest mit ihrem Namen und ihrer Adresse vor Augen. Mach nur weiter, wenn du das gerade selbst gestartet hast, in einer App, der du vertraust.
sign-in-email = E-Mail-Adresse bei Garmin
sign-in-password = Passwort bei Garmin
sign-in-password-hint = Geht einmal an Garmin und wird nicht aufbewahrt. Was wir aufbewahren, ist Garmins Zugangsschlüssel, und zwar verschlüsselt. Du hast dich über Google oder Apple registriert? Dann lege zuerst bei Garmin ein Passwort fest.
sign-in-region = Dein Garmin-Konto liegt bei
sign-in-region-global = garmin.com (weltweit)
sign-in-region-china = garmin.cn (China)
sign-in-connect = Verbinden
sign-in-sign-in = Anmelden
sign-in-cancel = Abbrechen

sign-in-asks = Diese App bittet um Zugriff
sign-in-unchecked-name = (so nennt sie sich selbst; geprüft hat das niemand)
sign-in-no-name = Eine App ohne Namen
sign-in-describes = Ihre Beschreibung steht bei
sign-in-afterwards = Danach geht es weiter zu
sign-in-stranger = <strong>Nicht überprüft.</strong> Dieses Gateway weiß nicht, wer <bdi>{ $host }</bdi> betreibt. Mach nur weiter, wenn du das gerade selbst gestartet hast, in einer App, der du vertraust.
sign-in-loopback = Diese Anfrage kommt von einem Programm auf <strong>deinem eigenen Rechner</strong>. Jedes Programm dort könnte sie stellen. Mach nur weiter, wenn du das gerade selbst gestartet hast.
sign-in-app = Danach öffnet sich eine <strong>App auf diesem Gerät</strong>. Mach nur weiter, wenn du das gerade selbst gestartet hast.

sign-in-access = Was die App darf
sign-in-access-full = Meine Daten lesen und ändern
sign-in-access-full-hint = Außer dem Lesen umfasst das Änderungen an Aktivitäten, Trainings, Kalender und Einstellungen.
sign-in-access-read = Meine Daten nur lesen
sign-in-access-read-hint = Aktivitäten, Schlaf, Herzfrequenz, Körper- und Trainingswerte, Geräte und Profil. Die App kann niemals etwas ändern.
sign-in-access-only-read = Die App möchte deine Garmin-Daten <strong>lesen</strong>: Aktivitäten, Schlaf, Herzfrequenz, Körper- und Trainingswerte, Geräte und Profil. Ändern kann sie nichts.

sign-in-tools = Werkzeuge, die die App zu sehen bekommt
sign-in-tools-recommended = Empfohlen
sign-in-tools-everyday = Alltägliche Fragen
sign-in-tools-core = Das Wichtigste, für Apps mit Platz für 40 Werkzeuge
sign-in-tools-garmin = Alle Werkzeuge von garmin_mcp
sign-in-tools-health = Gesundheit, Körper und Ernährung
sign-in-tools-athlete = Training, Auswertung und Workouts
sign-in-tools-read-only = Alle Werkzeuge, die nur lesen
sign-in-tools-full = Alle Werkzeuge
sign-in-tools-compat = Die Werkzeuge von mcp-garmin
sign-in-tools-hint = Mit einer kurzen Liste wählt die App besser aus. Du kannst das später in der App ändern, indem du darum bittest. Was die App darf, ändert sich dadurch nicht.

sign-in-leaves = Was mit deinen Daten geschieht
sign-in-leaves-data = Wenn die App fragt, bekommt sie deine Garmin-Daten: Aktivitäten, Schlaf, Herzfrequenz, Körper- und Trainingswerte, Geräte und Profil. Damit bekommt sie auch, wer die App betreibt. Dieses Gateway reicht die Daten durch und speichert sie nicht.
sign-in-leaves-key = Die App bekommt einen Schlüssel zu diesem Gateway. Dein Garmin-Passwort oder Garmins Zugangsschlüssel bekommt sie nie.
sign-in-leaves-end = Um die Verbindung zu beenden, entferne den Konnektor in deiner App oder beende sie hier auf deiner Kontoseite. Auch der Betreiber dieses Gateways kann sie beenden.

sign-in-consent-title = Diese App zulassen?
sign-in-consent = Darf diese App deine Garmin-Daten verwenden?
sign-in-signed-in-as = Du bist bei Garmin als <strong><bdi>{ $account }</bdi></strong> angemeldet. Verbunden ist noch nichts.
sign-in-allow = Zulassen
sign-in-do-not-allow = Nicht zulassen

sign-in-unverified = Diese App lässt sich gerade nicht überprüfen
sign-in-unverified-host = Die Beschreibung der App soll bei <strong><bdi>{ $host }</bdi></strong> stehen, aber dort antwortet niemand. Warte eine halbe Minute und versuche es dann noch einmal: Neu anmelden musst du dich dafür nicht.
sign-in-try-again = Noch einmal versuchen

sign-in-code = Gib den Code von Garmin ein
sign-in-code-label = Sicherheitscode
sign-in-code-continue = Weiter
sign-in-code-hint = Es kommt kein Code? Garmin fragt auch dann danach, wenn das Passwort falsch war, verschickt ihn aber nur, wenn es richtig war. Fang noch einmal an, um das zu prüfen.
sign-in-start-over = Neu anfangen
sign-in-code-app = Öffne deine Authentifizierungs-App und gib den Code ein, den sie für Garmin anzeigt.
sign-in-code-mail-to = Garmin hat einen Code per E-Mail an <bdi>{ $to }</bdi> geschickt.
sign-in-code-mail = Garmin hat dir einen Code per E-Mail geschickt.
sign-in-code-message-to = Garmin hat einen Code per SMS an <bdi>{ $to }</bdi> geschickt.
sign-in-code-message = Garmin hat dir einen Code per SMS geschickt.
sign-in-code-to = Garmin hat einen Code an <bdi>{ $to }</bdi> geschickt.
sign-in-code-given = Garmin hat dir einen Code gegeben.

sign-in-progress-title = Anmeldung bei Garmin
sign-in-progress = Anmeldung bei Garmin läuft …
sign-in-progress-looks = Garmin lässt sich Zeit. Diese Seite schaut alle zwei Sekunden von selbst nach.
sign-in-progress-bar = Warten auf Garmin
sign-in-progress-safe = Du kannst diese Seite neu laden oder später zurückkommen: Eine zweite Anmeldung beginnt dadurch nicht. Es dauert höchstens drei Minuten, das meiste davon ist Warten, bis du an der Reihe bist.
sign-in-progress-now = Jetzt nachschauen

sign-in-connected = Verbunden
sign-in-connected-close = Deine App hat die Verbindung übernommen. Du kannst diese Seite schließen.
sign-in-cancelled = Abgebrochen
sign-in-cancelled-nothing = Es wurde nichts verbunden und nichts aufbewahrt.
sign-in-close = Du kannst diese Seite schließen.
