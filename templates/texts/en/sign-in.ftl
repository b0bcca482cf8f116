sign-in-title = Connect your Garmin account
sign-in-unseen = An app asks for access. It says that it describes itself at
sign-in-unseen-warning = <strong>Not checked yet.</strong> Nobody has connected this app here before. Once you have signed in, its description is read, and you decide with its name and its address before you. Go on only if you have just started this yourself, in an app you trust.
sign-in-email = Garmin e-mail
sign-in-password = Garmin password
sign-in-password-hint = Goes to Garmin once and is not kept. What we keep is Garmin’s token, encrypted. Signed up through Google or Apple? Set a password at Garmin first.
sign-in-region = Your Garmin account is at
sign-in-region-global = garmin.com (worldwide)
sign-in-region-china = garmin.cn (China)
sign-in-connect = Connect
sign-in-sign-in = Sign in
sign-in-cancel = Cancel

sign-in-asks = This app asks for access
sign-in-unchecked-name = (the name it gave itself; nobody has checked it)
sign-in-no-name = An app without a name
sign-in-describes = It describes itself at
sign-in-afterwards = Afterwards you are sent to
sign-in-stranger = <strong>Not verified.</strong> This gateway does not know who runs <bdi>{ $host }</bdi>. Go on only if you have just started this yourself, in an app you trust.
sign-in-loopback = This request comes from a program on <strong>your own computer</strong>. Any program there could be asking. Go on only if you have just started this yourself.
sign-in-app = Afterwards an <strong>app on this device</strong> opens. Go on only if you have just started this yourself.

sign-in-access = What the app may do
sign-in-access-full = Read and change my data
sign-in-access-full-hint = Besides reading, this covers changes to activities, workouts, calendar and settings.
sign-in-access-read = Only read my data
sign-in-access-read-hint = Activities, sleep, heart rate, body and training figures, devices and profile. The app can never change anything.
sign-in-access-only-read = The app asks to <strong>read</strong> your Garmin data: activities, sleep, heart rate, body and training figures, devices and profile. It cannot change anything.

sign-in-tools = Tools the app is shown
sign-in-tools-recommended = Recommended
sign-in-tools-everyday = Everyday questions
sign-in-tools-core = The essentials, for apps with room for 40 tools
sign-in-tools-garmin = All tools of garmin_mcp
sign-in-tools-health = Health, body and nutrition
sign-in-tools-athlete = Training, analysis and workouts
sign-in-tools-read-only = All tools that only read
sign-in-tools-full = All tools
sign-in-tools-compat = The tools of mcp-garmin
sign-in-tools-hint = A short list helps the app choose well. You can change it later by asking in the app, and it does not change what the app may do.

sign-in-leaves = What happens with your data
sign-in-leaves-data = When the app asks, it receives your Garmin data: activities, sleep, heart rate, body and training figures, devices and profile. So does whoever runs the app. This gateway passes the data through and does not store it.
sign-in-leaves-key = The app gets a key to this gateway. It never gets your Garmin password or Garmin’s token.
sign-in-leaves-end = To end the connection, remove the connector in your app, or end it here on your account page. The operator of this gateway can end it as well.

sign-in-consent-title = Allow this app?
sign-in-consent = Allow this app to use your Garmin data?
sign-in-signed-in-as = You are signed in at Garmin as <strong><bdi>{ $account }</bdi></strong>. Nothing is connected yet.
sign-in-allow = Allow
sign-in-do-not-allow = Do not allow

sign-in-unverified = This app cannot be verified at the moment
sign-in-unverified-host = The app describes itself at <strong><bdi>{ $host }</bdi></strong>, and nobody answers there. Wait half a minute, then try again: you need not sign in once more.
sign-in-try-again = Try again

sign-in-code = Enter the code from Garmin
sign-in-code-label = Security code
sign-in-code-continue = Continue
sign-in-code-hint = No code arriving? Garmin asks for one even when the password was wrong, but sends it only when it was right. Start over to check.
sign-in-start-over = Start over
sign-in-code-app = Open your authenticator app and enter the code it shows for Garmin.
sign-in-code-mail-to = Garmin has sent a code by e-mail to <bdi>{ $to }</bdi>.
sign-in-code-mail = Garmin has sent a code by e-mail to you.
sign-in-code-message-to = Garmin has sent a code by text message to <bdi>{ $to }</bdi>.
sign-in-code-message = Garmin has sent a code by text message to you.
sign-in-code-to = Garmin has sent a code to <bdi>{ $to }</bdi>.
sign-in-code-given = Garmin has given you a code.

sign-in-progress-title = Signing in at Garmin
sign-in-progress = Signing in at Garmin…
sign-in-progress-looks = Garmin is taking its time. This page looks again by itself every two seconds.
sign-in-progress-bar = Waiting for Garmin
sign-in-progress-safe = Reloading or coming back to this page is safe: it does not start a second sign-in. It takes three minutes at most, most of it waiting for a turn.
sign-in-progress-now = Look now

sign-in-connected = Connected
sign-in-connected-close = Your app has taken the connection up. You can close this page.
sign-in-cancelled = Cancelled
sign-in-cancelled-nothing = Nothing was connected and nothing was kept.
sign-in-close = You can close this page.
