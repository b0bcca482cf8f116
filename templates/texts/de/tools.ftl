tools-title = Was dein Assistent kann
tools-lead = { $count } Werkzeuge: Jedes ist eine Sache, die dein Assistent bei Garmin nachschauen oder tun kann. Ihre Namen brauchst du nie; frag mit deinen eigenen Worten, und er wählt aus.
tools-search = Suche
tools-search-hint = Auf Englisch, zum Beispiel sleep, shoes oder FIT
tools-find = Finden
tools-found =
    { $count ->
        [one] Ein Werkzeug für „{ $query }“
       *[other] { $count } Werkzeuge für „{ $query }“
    }
tools-found-none = Kein Werkzeug für „{ $query }“. Versuche es mit einem einzelnen englischen Wort.
tools-all = Alle Werkzeuge
tools-english = Namen und Beschreibungen sind englisch, weil sie für die Assistenten geschrieben sind.
tools-restricted = Einige davon hat der Betreiber dieses Gateways abgeschaltet.
tools-what = Was
tools-does = Ändert
tools-reads = Wo in der letzten Spalte nichts steht, wird nur gelesen.
tools-adds = legt an
tools-sets = setzt
tools-destroys = löscht oder überschreibt
