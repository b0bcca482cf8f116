problems-now = now
problems-in-a-minute = in a minute
problems-in-minutes = in about { $minutes } minutes (after { $time } UTC)

problems-email-malformed = This does not look like an e-mail address. Enter the one you use at Garmin.
problems-password-missing = Enter your Garmin password as well.
problems-code-missing = Enter the code Garmin gave you.
problems-code-malformed = This does not look like a code from Garmin, so it was not sent. Check it and try again.
problems-wrong-password = Garmin did not accept this e-mail and password. Check both and try again.
problems-not-accepted = This did not work: either Garmin does not accept this e-mail and password, or this e-mail is not invited here. Check both; if they are right, ask the operator.
problems-locked = Garmin has locked this account. Unlock it at connect.garmin.com, for example by resetting your password there, then try again.
problems-captcha = Garmin wants to see that you are a person, with a CAPTCHA that cannot be shown here. Sign in once at connect.garmin.com, then try again { $when }.
problems-rate-limited = Garmin is limiting sign-ins at the moment, which says nothing about what you entered. Try again { $when }.
problems-blocked = Garmin is turning away sign-ins from this server at the moment, which says nothing about what you entered. Try again { $when }.
problems-web-login-not-allowed = Garmin does not let this account sign in on the web. Child and family accounts cannot be connected; use a full Garmin account.
problems-garmin-down = Garmin Connect is not answering. Nothing is wrong with what you entered; try again in a few minutes.
problems-garmin-refused = Garmin accepted your sign-in but refused the connection. Try again in some minutes.
problems-garmin-unexpected = Garmin answered in a way that is new to us. Try again; if it stays like this, tell the operator.
problems-timed-out = Garmin took too long, so the sign-in was stopped. Try again.
problems-wrong-code =
    That code is not right. Check it and try again; you have { $left ->
        [one] one try
       *[other] { $left } tries
    } left.
problems-code-expired = That code has expired. Sign in again, and Garmin gives you a new one.
problems-code-tries-used-up = That code was wrong too many times. Sign in again, and Garmin gives you a new one.
problems-code-elsewhere = That code cannot be checked from here any more. Sign in again, and Garmin gives you a new one.
problems-just-connected = This account was connected from here a moment ago, and Garmin turns away those who sign in again at once. If your app does not show the connection, try again { $when }.
problems-interrupted = This server was restarted, which interrupted the sign-in. Try again.
problems-busy = Many people are signing in, and your turn did not come. Try again { $when }.
problems-under-way = A sign-in with other details is still under way. Wait for it, then try again.
problems-too-often = Too many attempts from your network. Try again { $when }.
problems-too-many-tries = Too many passwords and codes were tried for this e-mail address, and Garmin would lock it. Try again { $when }.
problems-stale-form = This form was out of date, so nothing was sent to Garmin. Enter it once more.
problems-lapsed = This page had been open for a long time or has already led to a connection, so nothing was sent to Garmin. If your app shows the connection, you can close this page. If not, sign in here.
problems-other-browser = This page belonged to a sign-in from another browser or another tab, so nothing was sent to Garmin. If you started this in your app, sign in here. If you only followed a link, close this page.
problems-no-cookie = Your browser did not send our cookie, so nothing was sent to Garmin. If you started this in your app, sign in here. If this happens again, allow cookies for this address.
problems-ours = Something went wrong here, and nothing was kept. Try again in a minute.
problems-no-account = Garmin accepted your sign-in, but this account is not connected here, so there is no page for it and nothing was kept. Connect an app first.
