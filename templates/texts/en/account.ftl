# The account page. Keys begin with the name of their file.
account-title = Your account
account-entry = See which apps are connected to your Garmin account here, disconnect them, and decide what they may do.
account-entry-sign-in = Sign in with Garmin
account-entry-password = Your password goes to Garmin once and is not kept.
account-entry-link = In a connected app you can also ask: “Give me the link to my account page.” That link shows the connected apps and can disconnect them.
account-signed-in-as = Signed in as
account-sign-out = Sign out
account-save = Save

account-sign-in-title = Sign in to your account page
account-sign-in-why = Nothing new is connected. The sign-in only shows that the account is yours, and renews the connection to Garmin.
account-sign-in-fresh = For this step we ask you to sign in at Garmin once more.

account-link-title = Open your connected apps?
account-link-what = This link was handed out in a conversation with one of your connected apps. It shows the connected apps and can disconnect them, nothing else.
account-link-warning = Go on only if you have just asked for it yourself. The link works once, for ten minutes.
account-link-open = Open
account-link-over = This link is over
account-link-over-why = A link works once and for ten minutes, and a newer one ends it. Ask your app for a new one, or sign in.

account-narrow = You came by a link, so this page shows the connected apps only.
account-narrow-sign-in = Sign in for everything else

account-garmin = Connection to Garmin
account-garmin-good = The connection to Garmin works.
account-garmin-expired = Garmin asks for a new sign-in; until then no app gets data.
account-garmin-sign-in = Sign in now
account-garmin-at = Account at
account-garmin-signed-in = Last sign-in
account-garmin-renewed = Connection last renewed

account-devices = Connected apps
account-devices-none = No app is connected.
account-device-no-name = An app without a name
account-device-access = Can
account-device-read = read your data
account-device-write = read and change your data
account-device-since = Connected on
account-device-used = Last used
account-device-never = not yet
account-device-tools = Tools the app is shown
account-device-tools-default = Recommended
account-device-end = Disconnect
account-end-all = Disconnect all apps
account-end-all-what = Every app loses its access at once, and every other browser that has this page open is signed out. You can connect apps again at any time.
account-end-all-sure = Yes, disconnect all of them
account-end-all-button = Disconnect all

account-read-only = Read only
account-read-only-is-on = <strong>On.</strong> No app can change anything in your Garmin account, whatever it was allowed.
account-read-only-is-off = <strong>Off.</strong> Apps you allowed can change activities, workouts, calendar and settings. Turn this on to block all changes.
account-read-only-turn-on = Turn on
account-read-only-turn-off = Turn off
account-read-only-prove = Sign in again to turn it off

account-settings = Settings
account-units = Units
account-units-default = Not chosen (metric)
account-units-metric = Metric
account-units-imperial = Imperial
account-units-hint = What apps get unless they ask for other units.
account-zone = Time zone
account-zone-hint = Where your days begin and end, such as Europe/Berlin or America/New_York. Left empty, Garmin’s setting counts. Times on this page: { $zone }.
account-language = Language of this site
account-language-default = Same as my browser

account-usage = Last 30 days
account-usage-none = No app has asked for anything in the last 30 days.
account-usage-picture = Calls of the last 30 days: { $calls } in all, at most { $most } on one day
account-usage-most = at most { $most } a day
account-usage-numbers = The numbers
account-usage-utc = What was asked is not kept, only how often. Days are those of UTC.
account-usage-by-day = By day
account-usage-by-tool = The most used tools
account-usage-day = Day
account-usage-tool = Tool
account-usage-calls = Calls
account-usage-errors = Failed

account-history = History
account-history-none = Nothing yet.
account-history-show = Show the latest
account-history-zone = Times are those of { $zone }.
account-event-connected = Signed in to connect an app
account-event-device-added = An app was connected
account-event-device-revoked = An app was disconnected
account-event-token-revoked = An app gave back one of its keys
account-event-code-replayed = A key was asked for twice, so what came of it was disconnected
account-event-refresh-reuse = An old key was used again, so its app was disconnected
account-event-sign-in-needed = Garmin asked for a new sign-in
account-event-page-opened = Signed in to this page
account-event-link-issued = A link to this page was handed out in an app
account-event-link-opened = A link to this page was opened
account-event-page-left = Signed out of this page
account-event-read-only-on = Read only was turned on
account-event-read-only-off = Read only was turned off
account-event-settings = Settings were changed
account-event-tools = An app is shown other tools
account-event-exported = Everything was exported

account-export = Export
account-export-what = Everything that is kept about you here, as a JSON file: account, connected apps, settings, usage, history and what apps have changed. Keys and tokens are not in it; your health data are not kept here.
account-export-button = Download
account-export-prove = Sign in again to download

account-erase = Disconnect and erase
account-erase-short = Disconnects every app and erases everything about you here.
account-erase-see = See what is erased
account-erase-title = Erase your account here?
account-erase-whose = This is about
account-erase-goes = What goes
account-erase-devices =
    { $devices ->
        [0] Access of apps; none is connected now
        [one] The access of one connected app
       *[other] The access of { $devices } connected apps
    }
account-erase-token = Garmin’s token, and with it the connection to Garmin
account-erase-name = Your name and e-mail address
account-erase-settings = Your settings and how often tools were used
account-erase-journal = What apps have changed at Garmin; it cannot be undone from here any more
account-erase-history = The history on this page, and every open page
account-erase-stays = What stays
account-erase-at-garmin = Everything in your Garmin account
account-erase-in-apps = What apps have fetched already; ask those who run them
account-erase-backups = Encrypted backups of the operator, until they are replaced
account-erase-log = Lines in the operator’s log, with a random number in place of your name
account-erase-warning = This cannot be taken back. You can connect again at any time, as somebody new.
account-erase-sure = Yes, erase everything
account-erase-button = Erase
account-erase-prove = Sign in again to erase
account-erase-back = Back to the account page
account-erased = Everything is erased
account-erased-what = Every app was disconnected, and nothing about you is kept here.
account-erased-apps = Your apps may still list the connector; remove it there.
account-erased-garmin = To end sign-ins at Garmin itself, change your password there.

account-done-over = Your session is over. Sign in again to go on.
account-done-revoked = The app is disconnected.
account-done-all-revoked = All apps are disconnected.
account-done-unsure = Nothing was done: the box was not ticked.
account-done-nothing = Nothing was changed.
account-done-tools = Saved. The app sees the other tools the next time it loads its list.
account-done-settings = Saved.
account-done-no-zone = There is no such time zone, so nothing was saved. It is written like Europe/Berlin.
account-done-read-only-on = Read only is on: no app can change anything now.
account-done-read-only-off = Read only is off.
account-done-signed-in = You are signed in.
account-done-too-often = There were many exports in a short time. Try again in some minutes.

account-back-advice = Go back to your account page and try again.
account-foreign = This form came from another site
account-foreign-why = It was not sent from our page, so nothing was done with it.
account-stale = This form is out of date
account-stale-why = It belonged to a session that is over, so nothing was done with it.
account-unreadable = This form could not be read
account-unreadable-why = It arrived incomplete or was not one of ours, so nothing was done with it.
account-too-often = Too many requests
account-too-often-why = Too many requests came from your network. Wait a minute, then try again.
account-ours = Something went wrong on our side
account-ours-why = Nothing was changed. Try again in a minute.
