tools-title = What your assistant can do
tools-lead = { $count } tools: each is one thing your assistant can look up or do at Garmin. You never call them by name; ask in your own words, and it chooses.
tools-search = Search
tools-search-hint = For example sleep, shoes or FIT
tools-find = Find
tools-found =
    { $count ->
        [one] One tool for “{ $query }”
       *[other] { $count } tools for “{ $query }”
    }
tools-found-none = No tool for “{ $query }”. Try one word, in English.
tools-all = All tools
tools-english = Names and descriptions are in English, because they are written for the assistants.
tools-restricted = The operator has switched some of them off on this gateway.
tools-what = What
tools-does = Changes
tools-reads = Those with nothing in the last column only read.
tools-adds = adds
tools-sets = sets
tools-destroys = deletes or overwrites
