problems-now = jetzt
problems-in-a-minute = in einer Minute
problems-in-minutes = in etwa { $minutes } Minuten (nach { $time } UTC)

problems-email-malformed = Das sieht nicht nach einer E-Mail-Adresse aus. Gib die ein, mit der du dich bei Garmin anmeldest.
problems-password-missing = Gib auch dein Garmin-Passwort ein.
problems-code-missing = Gib den Code ein, den du von Garmin bekommen hast.
problems-code-malformed = Das sieht nicht nach einem Code von Garmin aus und wurde deshalb nicht abgeschickt. Prüfe ihn und versuche es noch einmal.
problems-wrong-password = Garmin hat diese E-Mail-Adresse mit diesem Passwort nicht angenommen. Prüfe beides und versuche es noch einmal.
problems-not-accepted = Das hat nicht geklappt: Entweder nimmt Garmin diese E-Mail-Adresse mit diesem Passwort nicht an, oder diese Adresse ist hier nicht eingeladen. Prüfe beides; wenn es stimmt, frag den Betreiber.
problems-locked = Garmin hat dieses Konto gesperrt. Entsperre es auf connect.garmin.com, zum Beispiel indem du dort dein Passwort zurücksetzt, und versuche es dann noch einmal.
problems-captcha = Garmin möchte mit einem CAPTCHA prüfen, ob du ein Mensch bist, und das lässt sich hier nicht anzeigen. Melde dich einmal auf connect.garmin.com an und versuche es dann { $when } noch einmal.
problems-rate-limited = Garmin begrenzt gerade die Zahl der Anmeldungen; mit deinen Eingaben hat das nichts zu tun. Versuche es { $when } noch einmal.
problems-blocked = Garmin weist gerade Anmeldungen von diesem Server ab; mit deinen Eingaben hat das nichts zu tun. Versuche es { $when } noch einmal.
problems-web-login-not-allowed = Garmin erlaubt diesem Konto keine Anmeldung im Web. Kinder- und Familienkonten lassen sich nicht verbinden; nimm ein vollwertiges Garmin-Konto.
problems-garmin-down = Garmin Connect antwortet nicht. Deine Eingaben sind in Ordnung; versuche es in ein paar Minuten noch einmal.
problems-garmin-refused = Garmin hat deine Anmeldung angenommen, aber die Verbindung abgelehnt. Versuche es in einigen Minuten noch einmal.
problems-garmin-unexpected = Garmin hat auf eine Weise geantwortet, die wir nicht kennen. Versuche es noch einmal; wenn es dabei bleibt, sag dem Betreiber Bescheid.
problems-timed-out = Garmin hat zu lange gebraucht, deshalb wurde die Anmeldung abgebrochen. Versuche es noch einmal.
problems-wrong-code =
    Dieser Code stimmt nicht. Prüfe ihn und versuche es noch einmal; du hast noch { $left ->
        [one] einen Versuch
       *[other] { $left } Versuche
    }.
problems-code-expired = Dieser Code ist abgelaufen. Melde dich noch einmal an, dann gibt dir Garmin einen neuen.
problems-code-tries-used-up = Dieser Code war zu oft falsch. Melde dich noch einmal an, dann gibt dir Garmin einen neuen.
problems-code-elsewhere = Dieser Code lässt sich von hier aus nicht mehr prüfen. Melde dich noch einmal an, dann gibt dir Garmin einen neuen.
problems-just-connected = Dieses Konto wurde gerade erst von hier aus verbunden, und Garmin weist ab, wer sich sofort wieder anmeldet. Wenn deine App die Verbindung nicht anzeigt, versuche es { $when } noch einmal.
problems-interrupted = Dieser Server wurde neu gestartet und hat die Anmeldung dadurch unterbrochen. Versuche es noch einmal.
problems-busy = Gerade melden sich viele an, und du bist nicht an die Reihe gekommen. Versuche es { $when } noch einmal.
problems-under-way = Eine Anmeldung mit anderen Angaben läuft noch. Warte sie ab und versuche es dann noch einmal.
problems-too-often = Zu viele Versuche aus deinem Netz. Versuche es { $when } noch einmal.
problems-too-many-tries = Für diese E-Mail-Adresse wurden zu viele Passwörter und Codes ausprobiert, und Garmin würde das Konto sperren. Versuche es { $when } noch einmal.
problems-stale-form = Dieses Formular war veraltet, deshalb wurde nichts an Garmin geschickt. Gib es noch einmal ein.
problems-lapsed = Diese Seite war lange offen oder hat schon zu einer Verbindung geführt, deshalb wurde nichts an Garmin geschickt. Wenn deine App die Verbindung anzeigt, kannst du diese Seite schließen. Wenn nicht, melde dich hier an.
problems-other-browser = Diese Seite gehörte zu einer Anmeldung in einem anderen Browser oder einem anderen Tab, deshalb wurde nichts an Garmin geschickt. Wenn du das in deiner App gestartet hast, melde dich hier an. Wenn du nur einem Link gefolgt bist, schließ diese Seite.
problems-no-cookie = Dein Browser hat unser Cookie nicht mitgeschickt, deshalb wurde nichts an Garmin geschickt. Wenn du das in deiner App gestartet hast, melde dich hier an. Wenn es wieder passiert, erlaube Cookies für diese Adresse.
problems-ours = Hier ist etwas schiefgegangen; aufbewahrt wurde nichts. Versuche es in einer Minute noch einmal.
problems-no-account = Garmin hat deine Anmeldung angenommen, aber dieses Konto ist hier nicht verbunden. Deshalb gibt es keine Seite dafür, und nichts wurde aufbewahrt. Verbinde zuerst eine App.
