landing-title = Deine Garmin-Daten in deinem KI-Assistenten
landing-lead = Frag Claude, ChatGPT oder einen anderen Assistenten, wie du geschlafen hast, wie dein Training läuft oder was du morgen laufen sollst. Er schaut in deine eigenen Garmin-Daten und antwortet.
landing-steps = Drei Schritte
landing-step-add = <strong>Kopiere diese Adresse</strong> und füge sie in deinem Assistenten als Konnektor hinzu:
landing-step-sign-in = <strong>Melde dich einmal bei Garmin an</strong>, auf einer Seite dieses Gateways, die dein Assistent öffnet. Dort entscheidest du, ob er etwas ändern oder nur lesen darf.
landing-step-ask = <strong>Frag.</strong> Zum Beispiel: „Wie war meine Woche?“, „Vergleiche meine letzten beiden langen Läufe“, „Plane für Donnerstag eine lockere Stunde und schick sie auf meine Uhr.“
landing-which = Schritt für Schritt für deinen Assistenten:
landing-local = Dieses Gateway läuft nur auf einem einzelnen Rechner. Claude und ChatGPT im Web und auf dem Handy erreichen es nicht, Programme auf demselben Rechner schon.

landing-garmin = Garmin im Moment, von hier aus gesehen
landing-sign-ins = Anmelden
landing-renewals = Angemeldet bleiben
landing-quiet = in der letzten Stunde nicht gebraucht
landing-fine = klappt
landing-unsteady = klappt bei manchen, aber nicht bei allen
landing-trouble = Garmin weist Anfragen ab oder antwortet nicht; versuche es später noch einmal

landing-kept = Was aufbewahrt wird
landing-kept-password = <strong>Dein Passwort</strong> geht bei der Anmeldung einmal an Garmin. Es wird nirgends aufgeschrieben.
landing-kept-token = <strong>Garmins Zugangsschlüssel</strong>, mit dem du angemeldet bleibst, wird verschlüsselt aufbewahrt, ebenso dein Name und deine E-Mail-Adresse bei Garmin.
landing-kept-data = <strong>Deine Gesundheits- und Trainingsdaten</strong> werden geholt, wenn du fragst, und an deinen Assistenten weitergereicht. Gespeichert werden sie hier nicht.
landing-kept-assistant = <strong>Der Anbieter deines Assistenten</strong> bekommt das, wonach du fragst, und einen Schlüssel zu diesem Gateway. Dein Garmin-Passwort oder Garmins Zugangsschlüssel bekommt er nie.
landing-more = Mehr darüber, was gespeichert wird und wie es versiegelt ist
landing-leave = <strong>Aufhören</strong> ist einfach: Auf deiner Kontoseite beendest du eine oder alle Verbindungen oder lässt alles löschen.
landing-trust = Du vertraust den Zugang zu deinem Garmin-Konto dem an, der dieses Gateway betreibt. Verbinde dich nur, wenn du ihn kennst und ihm vertraust.
landing-trust-name = Du vertraust den Zugang zu deinem Garmin-Konto dem an, der dieses Gateway betreibt. Verbinde dich nur, wenn du ihn kennst und ihm vertraust: Hier ist das <strong>{ $name }</strong>.
landing-preview = Eine Linie wie ein Puls auf blauem Grund, dazu die Worte: Your Garmin data in your AI assistant
