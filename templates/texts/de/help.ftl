help-title = So verbindest du dich
help-lead = Du brauchst die Adresse dieses Gateways und deine E-Mail-Adresse und dein Passwort bei Garmin. Installieren musst du nichts.
help-address = Die Adresse
help-empty = Wenn deine App Felder für eine OAuth-Client-ID oder ein Client-Secret hat, lass sie leer.
help-contents = Auf dieser Seite

help-claude = Claude im Web, auf dem Rechner und auf dem Handy
help-claude-open = Öffne im Web oder in der Desktop-App <strong>Einstellungen → Konnektoren</strong> (Settings → Connectors) und wähle <strong>Benutzerdefinierten Konnektor hinzufügen</strong> (Add custom connector).
help-claude-paste = Füge die Adresse ein und wähle <strong>Hinzufügen</strong>.
help-claude-connect = Wähle <strong>Verbinden</strong>. Eine Seite dieses Gateways geht auf: Melde dich dort mit E-Mail-Adresse und Passwort von Garmin an.
help-claude-ask = Geh zurück zu Claude und frag. In einem neuen Chat findest du den Konnektor hinter dem <strong>+</strong>.
help-claude-phone = Auf dem Handy ist nichts zu tun: Konnektoren, die du im Web oder auf dem Rechner hinzugefügt hast, erscheinen dort von selbst. In einem Team- oder Enterprise-Tarif fügt zuerst jemand mit der Rolle „Owner“ den Konnektor hinzu; danach verbindet jeder sein eigenes Garmin-Konto.

help-code = Claude Code
help-code-run = Führe das in einem Terminal aus:
help-code-mcp = Starte Claude Code, gib <code>/mcp</code> ein, wähle <strong>garmin</strong> und dann <strong>Authenticate</strong>. Dein Browser öffnet die Anmeldeseite.

help-chatgpt = ChatGPT
help-chatgpt-mode = Öffne im Web <strong>Einstellungen → Apps und Konnektoren → Erweiterte Einstellungen</strong> und schalte den <strong>Entwicklermodus</strong> (Developer mode) ein. ChatGPT bietet ihn in bezahlten Tarifen an.
help-chatgpt-create = Wähle zurück unter <strong>Apps und Konnektoren</strong> <strong>Erstellen</strong>. Nenne den Konnektor Garmin, füge die Adresse als URL des MCP-Servers ein und wähle <strong>OAuth</strong>.
help-chatgpt-connect = Bestätige, melde dich auf der Seite an, die sich öffnet, und schalte den Konnektor in einem neuen Chat ein.

help-vscode = VS Code
help-vscode-add = Öffne die Befehlspalette, führe <strong>MCP: Add Server</strong> aus, wähle <strong>HTTP</strong>, füge die Adresse ein und nenne den Server garmin. Oder schreib das in <code>.vscode/mcp.json</code>:
help-vscode-start = VS Code fragt, ob es sich anmelden darf: Erlaube es und melde dich auf der Seite an, die sich öffnet. Die Werkzeuge stehen im Agent-Modus bereit.

help-cursor = Cursor
help-cursor-file = Schreib das in <code>.cursor/mcp.json</code> in deinem Benutzerordner:
help-cursor-login = Öffne <strong>Settings → MCP</strong> und wähle neben garmin <strong>Connect</strong>.

help-codex = Codex
help-codex-run = Führe diese beiden Zeilen in einem Terminal aus:

help-stdio = Apps, die nur Programme starten (stdio)
help-stdio-remote = Schreib das in die Konfiguration der App. Dafür brauchst du Node.js; beim ersten Start öffnet dein Browser die Anmeldeseite:
help-stdio-own = Oder lass dasselbe Programm auf deinem eigenen Rechner laufen, ganz ohne Gateway: <code>garmin-gateway login</code> meldet dich an, und <code>garmin-gateway stdio --print-config</code> zeigt, was in die Konfiguration der App gehört.
help-others = Auch jede andere App, die MCP über HTTP mit OAuth spricht, funktioniert: Gib ihr die Adresse.

help-data = Was gespeichert wird und wie es versiegelt ist
help-data-what = Was
help-data-how = Wie, und wie lange
help-data-password = Garmin-Passwort und Codes
help-data-password-how = Während einer Anmeldung im Arbeitsspeicher, danach gelöscht. Nie gespeichert, nie protokolliert.
help-data-token = Garmins Zugangsschlüssel, dein Name und deine E-Mail-Adresse bei Garmin
help-data-token-how = Mit AES-256-GCM versiegelt. Der Schlüssel dazu liegt nicht in der Datenbank: Wer sie oder eine Sicherung davon stiehlt, kann nichts lesen. Aufbewahrt, bis du gehst.
help-data-keys = Schlüssel deiner Apps
help-data-keys-how = Nur als Fingerabdruck, aus dem sich der Schlüssel nicht wiederherstellen lässt. Bis sie ablaufen oder du die Verbindung beendest.
help-data-use = Wie oft welches Werkzeug benutzt wurde
help-data-use-how = Zahlen pro Tag, für deine Kontoseite und den Überblick des Betreibers.
help-data-changes = Änderungen, die dein Assistent bei Garmin gemacht hat
help-data-changes-how = Was getan wurde und wie es sich zurücknehmen lässt, einen Monat lang, versiegelt wie oben. So geschieht nichts doppelt, und du kannst es zurücknehmen.
help-data-health = Gesundheits- und Trainingsdaten
help-data-health-how = Werden nicht gespeichert. Ein eigenes Programm nur für dich, abgeschottet von allen anderen, holt sie, wenn du fragst, und endet einige Minuten später.
help-data-log = Das Protokoll des Gateways
help-data-log-how = Keine Namen, keine E-Mail-Adressen, keine Fragen, keine Antworten.
help-data-trust = Der Betreiber könnte den Zugang, den du gibst, mit einigem Aufwand selbst benutzen. Das gilt für jeden Dienst, der sich für dich anmeldet: Verbinde dich nur mit jemandem, dem du vertraust.

help-leave = Verbindung beenden
help-leave-app = Entferne den Konnektor in deiner App. Ihr Schlüssel nützt dann niemandem mehr.
help-leave-account = Auf <strong>deiner Kontoseite</strong> hier siehst du jede verbundene App, beendest eine oder alle Verbindungen, holst dir eine Kopie von allem Gespeicherten oder lässt alles auf einmal löschen.
help-leave-open = Öffne deine Kontoseite

help-trouble = Wenn etwas nicht klappt
help-trouble-blocked = Die Anmeldeseite sagt, dass Garmin Anmeldungen abweist oder begrenzt.
help-trouble-blocked-do = Das tut Garmin ab und zu, egal was du eingegeben hast. Die Seite sagt, wann du es wieder versuchen kannst; wer es früher versucht, wartet länger.
help-trouble-google = Ich nutze Garmin mit Google oder Apple und habe kein Passwort.
help-trouble-google-do = Lege bei Garmin einmal über „Passwort vergessen“ ein Passwort fest und benutze es hier mit derselben E-Mail-Adresse.
help-trouble-code = Es kommt kein Code.
help-trouble-code-do = Garmin fragt auch dann nach einem Code, wenn das Passwort falsch war, verschickt ihn aber nur, wenn es richtig war. Fang noch einmal an und prüfe das Passwort.
help-trouble-again = Mein Assistent will, dass ich mich wieder anmelde.
help-trouble-again-do = Garmin hat die Sitzung beendet, meist nach einem neuen Passwort. Verbinde dich in deiner App noch einmal: Eine Anmeldung genügt für alle deine Apps.
help-trouble-old = Die Zahlen sind alt.
help-trouble-old-do = Dein Assistent sieht, was Garmin Connect hat. Öffne die Garmin-App, lass deine Uhr synchronisieren und frag dann noch einmal.
help-trouble-tool = Mein Assistent sagt, dass er etwas nicht kann.
help-trouble-tool-do = Bitte ihn, alle Garmin-Werkzeuge anzuzeigen. Wenn du nur das Lesen erlaubt hast, verbinde dich noch einmal und erlaube Änderungen.
help-trouble-failed = Die App meldet eine fehlgeschlagene Verbindung.
help-trouble-failed-do = Entferne den Konnektor, füge ihn nur mit der Adresse wieder hinzu und verbinde dich. Wenn es dabei bleibt, schreib dem Betreiber und nenne die Nummer, die die Seite anzeigt.
