# Die Kontoseite.
account-title = Dein Konto
account-entry = Sieh nach, welche Apps hier mit deinem Garmin-Konto verbunden sind, trenne sie und lege fest, was sie dürfen.
account-entry-sign-in = Mit Garmin anmelden
account-entry-password = Dein Passwort geht einmal an Garmin und wird nicht aufbewahrt.
account-entry-link = In einer verbundenen App kannst du auch sagen: „Gib mir den Link zu meiner Kontoseite.“ Dieser Link zeigt die verbundenen Apps und kann sie trennen.
account-signed-in-as = Angemeldet als
account-sign-out = Abmelden
account-save = Speichern

account-sign-in-title = Melde dich auf deiner Kontoseite an
account-sign-in-why = Es wird nichts Neues verbunden. Die Anmeldung zeigt nur, dass das Konto dir gehört, und erneuert die Verbindung zu Garmin.
account-sign-in-fresh = Für diesen Schritt bitten wir dich, dich noch einmal bei Garmin anzumelden.

account-link-title = Verbundene Apps öffnen?
account-link-what = Dieser Link stammt aus einem Gespräch mit einer deiner verbundenen Apps. Er zeigt die verbundenen Apps und kann sie trennen, sonst nichts.
account-link-warning = Mach nur weiter, wenn du gerade selbst danach gefragt hast. Der Link gilt einmal und zehn Minuten lang.
account-link-open = Öffnen
account-link-over = Dieser Link gilt nicht mehr
account-link-over-why = Ein Link gilt einmal und zehn Minuten lang, und ein neuerer beendet ihn. Bitte deine App um einen neuen, oder melde dich an.

account-narrow = Du bist über einen Link hier, deshalb zeigt diese Seite nur die verbundenen Apps.
account-narrow-sign-in = Für alles andere anmelden

account-garmin = Verbindung zu Garmin
account-garmin-good = Die Verbindung zu Garmin funktioniert.
account-garmin-expired = Garmin verlangt eine neue Anmeldung; bis dahin bekommt keine App Daten.
account-garmin-sign-in = Jetzt anmelden
account-garmin-at = Konto bei
account-garmin-signed-in = Letzte Anmeldung
account-garmin-renewed = Verbindung zuletzt erneuert

account-devices = Verbundene Apps
account-devices-none = Keine App ist verbunden.
account-device-no-name = Eine App ohne Namen
account-device-access = Darf
account-device-read = deine Daten lesen
account-device-write = deine Daten lesen und ändern
account-device-since = Verbunden am
account-device-used = Zuletzt benutzt
account-device-never = noch nie
account-device-tools = Werkzeuge, die die App sieht
account-device-tools-default = Empfohlen
account-device-end = Trennen
account-end-all = Alle Apps trennen
account-end-all-what = Jede App verliert sofort ihren Zugang, und jeder andere Browser mit dieser Seite wird abgemeldet. Du kannst Apps jederzeit neu verbinden.
account-end-all-sure = Ja, alle trennen
account-end-all-button = Alle trennen

account-read-only = Nur lesen
account-read-only-is-on = <strong>An.</strong> Keine App kann etwas in deinem Garmin-Konto ändern, was immer ihr erlaubt wurde.
account-read-only-is-off = <strong>Aus.</strong> Apps, denen du es erlaubt hast, dürfen Aktivitäten, Trainings, Kalender und Einstellungen ändern. Schalte dies ein, um jede Änderung zu sperren.
account-read-only-turn-on = Einschalten
account-read-only-turn-off = Ausschalten
account-read-only-prove = Zum Ausschalten neu anmelden

account-settings = Einstellungen
account-units = Einheiten der Ergebnisse
account-units-default = Nicht gewählt (metrisch)
account-units-metric = Metrisch
account-units-imperial = Imperial (Meilen, Pfund)
account-units-hint = Was Apps bekommen, wenn sie keine anderen Einheiten verlangen.
account-zone = Zeitzone
account-zone-hint = Wann deine Tage beginnen und enden, etwa Europe/Berlin oder America/New_York. Bleibt das Feld leer, gilt die Einstellung bei Garmin. Zeiten auf dieser Seite: { $zone }.
account-language = Sprache dieser Website
account-language-default = Wie mein Browser es wünscht

account-usage = Die letzten 30 Tage
account-usage-none = Keine App hat in den letzten 30 Tagen etwas abgefragt.
account-usage-picture = Aufrufe der letzten 30 Tage: { $calls } insgesamt, höchstens { $most } an einem Tag
account-usage-most = höchstens { $most } am Tag
account-usage-numbers = Die Zahlen
account-usage-utc = Was gefragt wurde, wird nicht aufbewahrt, nur wie oft. Tage sind die von UTC.
account-usage-by-day = Nach Tagen
account-usage-by-tool = Die meistbenutzten Werkzeuge
account-usage-day = Tag
account-usage-tool = Werkzeug
account-usage-calls = Aufrufe
account-usage-errors = Fehlgeschlagen

account-history = Verlauf
account-history-none = Noch nichts.
account-history-show = Letzte Einträge zeigen
account-history-zone = Zeiten sind die von { $zone }.
account-event-connected = Angemeldet, um eine App zu verbinden
account-event-device-added = Eine App wurde verbunden
account-event-device-revoked = Eine App wurde getrennt
account-event-token-revoked = Eine App hat einen ihrer Schlüssel zurückgegeben
account-event-code-replayed = Ein Schlüssel wurde zweimal verlangt, deshalb wurde getrennt, was daraus entstand
account-event-refresh-reuse = Ein alter Schlüssel wurde wieder benutzt, deshalb wurde seine App getrennt
account-event-sign-in-needed = Garmin verlangte eine neue Anmeldung
account-event-page-opened = Auf dieser Seite angemeldet
account-event-link-issued = Eine App hat einen Link zu dieser Seite bekommen
account-event-link-opened = Ein Link zu dieser Seite wurde geöffnet
account-event-page-left = Von dieser Seite abgemeldet
account-event-read-only-on = „Nur lesen“ wurde eingeschaltet
account-event-read-only-off = „Nur lesen“ wurde ausgeschaltet
account-event-settings = Einstellungen wurden geändert
account-event-tools = Eine App sieht andere Werkzeuge
account-event-exported = Alles wurde exportiert

account-export = Daten mitnehmen
account-export-what = Alles, was hier über dich aufbewahrt wird, als JSON-Datei: Konto, verbundene Apps, Einstellungen, Nutzung, Verlauf und was Apps geändert haben. Schlüssel und Token sind nicht dabei; deine Gesundheitsdaten werden hier nicht aufbewahrt.
account-export-button = Herunterladen
account-export-prove = Zum Herunterladen neu anmelden

account-erase = Trennen und löschen
account-erase-short = Trennt jede App und löscht hier alles über dich.
account-erase-see = Zeigen, was gelöscht wird
account-erase-title = Dein Konto hier löschen?
account-erase-whose = Es geht um
account-erase-goes = Was gelöscht wird
account-erase-devices =
    { $devices ->
        [0] Zugänge von Apps; zurzeit ist keine verbunden
        [one] Der Zugang einer verbundenen App
       *[other] Die Zugänge von { $devices } verbundenen Apps
    }
account-erase-token = Garmins Token und damit die Verbindung zu Garmin
account-erase-name = Dein Name und deine E-Mail-Adresse
account-erase-settings = Deine Einstellungen und wie oft Werkzeuge benutzt wurden
account-erase-journal = Was Apps bei Garmin geändert haben; von hier lässt es sich dann nicht mehr zurücknehmen
account-erase-history = Der Verlauf auf dieser Seite und jede offene Seite
account-erase-stays = Was bleibt
account-erase-at-garmin = Alles in deinem Garmin-Konto
account-erase-in-apps = Was Apps schon abgerufen haben; frage ihre Betreiber
account-erase-backups = Verschlüsselte Sicherungen des Betreibers, bis sie ersetzt werden
account-erase-log = Zeilen im Protokoll des Betreibers, mit einer Zufallszahl statt deines Namens
account-erase-warning = Das lässt sich nicht zurücknehmen. Du kannst dich jederzeit neu verbinden, dann als neues Konto.
account-erase-sure = Ja, alles löschen
account-erase-button = Löschen
account-erase-prove = Zum Löschen neu anmelden
account-erase-back = Zurück zur Kontoseite
account-erased = Alles ist gelöscht
account-erased-what = Jede App wurde getrennt, und hier wird nichts mehr über dich aufbewahrt.
account-erased-apps = In deinen Apps steht die Verbindung vielleicht noch; entferne sie dort.
account-erased-garmin = Um Anmeldungen bei Garmin selbst zu beenden, ändere dort dein Passwort.

account-done-over = Deine Sitzung ist vorbei. Melde dich neu an, um weiterzumachen.
account-done-revoked = Die App ist getrennt.
account-done-all-revoked = Alle Apps sind getrennt.
account-done-unsure = Es wurde nichts getan: Das Kästchen war nicht angekreuzt.
account-done-nothing = Es wurde nichts geändert.
account-done-tools = Gespeichert. Die App sieht die anderen Werkzeuge, sobald sie ihre Liste neu lädt.
account-done-settings = Gespeichert.
account-done-no-zone = Diese Zeitzone gibt es nicht, deshalb wurde nichts gespeichert. Man schreibt sie wie Europe/Berlin.
account-done-read-only-on = „Nur lesen“ ist an: Keine App kann jetzt etwas ändern.
account-done-read-only-off = „Nur lesen“ ist aus.
account-done-signed-in = Du bist angemeldet.
account-done-too-often = Es gab viele Exporte in kurzer Zeit. Versuche es in einigen Minuten noch einmal.

account-back-advice = Geh zurück zu deiner Kontoseite und versuche es noch einmal.
account-foreign = Dieses Formular kam von einer anderen Website
account-foreign-why = Es wurde nicht von unserer Seite gesendet, deshalb wurde nichts damit getan.
account-stale = Dieses Formular ist veraltet
account-stale-why = Es gehörte zu einer Sitzung, die vorbei ist, deshalb wurde nichts damit getan.
account-unreadable = Dieses Formular konnte nicht gelesen werden
account-unreadable-why = Es kam unvollständig an oder war keines von uns, deshalb wurde nichts damit getan.
account-too-often = Zu viele Anfragen
account-too-often-why = Aus deinem Netz kamen zu viele Anfragen. Warte eine Minute und versuche es dann noch einmal.
account-ours = Bei uns ist etwas schiefgegangen
account-ours-why = Es wurde nichts geändert. Versuche es in einer Minute noch einmal.
