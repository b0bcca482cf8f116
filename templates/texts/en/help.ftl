help-title = How to connect
help-lead = You need the address of this gateway and your Garmin e-mail and password. Nothing has to be installed.
help-address = The address
help-empty = If your app has fields for an OAuth client ID or a client secret, leave them empty.
help-contents = On this page

help-claude = Claude on the web, on the desktop and on your phone
help-claude-open = On the web or in the desktop app, open <strong>Settings → Connectors</strong> and choose <strong>Add custom connector</strong>.
help-claude-paste = Paste the address and choose <strong>Add</strong>.
help-claude-connect = Choose <strong>Connect</strong>. A page of this gateway opens: sign in there with your Garmin e-mail and password.
help-claude-ask = Go back to Claude and ask. In a new chat the connector is found behind the <strong>+</strong>.
help-claude-phone = On your phone there is nothing to do: connectors added on the web or the desktop appear there by themselves. In a Team or Enterprise plan an owner adds the connector first; then everybody connects their own Garmin account.

help-code = Claude Code
help-code-run = Run this in a terminal:
help-code-mcp = Start Claude Code, type <code>/mcp</code>, choose <strong>garmin</strong> and then <strong>Authenticate</strong>. Your browser opens the sign-in page.

help-chatgpt = ChatGPT
help-chatgpt-mode = On the web, open <strong>Settings → Apps and Connectors → Advanced settings</strong> and switch on <strong>Developer mode</strong>. ChatGPT offers it on paid plans.
help-chatgpt-create = Back under <strong>Apps and Connectors</strong> choose <strong>Create</strong>. Give it the name Garmin, paste the address as the MCP server URL, and choose <strong>OAuth</strong>.
help-chatgpt-connect = Confirm, sign in on the page that opens, and switch the connector on in a new chat.

help-vscode = VS Code
help-vscode-add = Open the command palette, run <strong>MCP: Add Server</strong>, choose <strong>HTTP</strong>, paste the address and call it garmin. Or put this into <code>.vscode/mcp.json</code>:
help-vscode-start = VS Code asks whether it may sign in: allow it, and sign in on the page that opens. The tools are there in agent mode.

help-cursor = Cursor
help-cursor-file = Put this into <code>.cursor/mcp.json</code> in your home folder:
help-cursor-login = Open <strong>Settings → MCP</strong> and choose <strong>Connect</strong> beside garmin.

help-codex = Codex
help-codex-run = Run these two in a terminal:

help-stdio = Apps that only start programs (stdio)
help-stdio-remote = Put this into the app’s configuration. It needs Node.js, and your browser opens the sign-in page at the first start:
help-stdio-own = Or run the same program on your own computer, without any gateway: <code>garmin-gateway login</code> signs in, and <code>garmin-gateway stdio --print-config</code> prints what belongs into the app’s configuration.
help-others = Any other app that speaks MCP over HTTP with OAuth works too: give it the address.

help-data = What is stored, and how it is sealed
help-data-what = What
help-data-how = How, and how long
help-data-password = Garmin password and codes
help-data-password-how = Held in memory for one sign-in, then wiped. Never stored, never logged.
help-data-token = Garmin’s token, your name and e-mail address at Garmin
help-data-token-how = Sealed with AES-256-GCM. The key is not in the database, so whoever steals the database or a backup reads nothing. Kept until you leave.
help-data-keys = Keys of your apps
help-data-keys-how = Only as a fingerprint from which the key cannot be made again. Until they expire or you end the connection.
help-data-use = How often which tool was used
help-data-use-how = Numbers by day, for your account page and the operator’s overview.
help-data-changes = Changes your assistant made at Garmin
help-data-changes-how = What was done and how to undo it, for a month, sealed as above. So nothing is done twice, and you can take it back.
help-data-health = Health and training data
help-data-health-how = Not stored. A program of your own, walled off from everybody else’s, fetches them when you ask, and ends some minutes later.
help-data-log = The gateway’s log
help-data-log-how = No names, no e-mail addresses, no questions, no answers.
help-data-trust = The operator could, with effort, use the access you give. That is so with every service that signs in for you: connect only to somebody you trust.

help-leave = Leaving
help-leave-app = Remove the connector in your app. Its key is then of no use to anybody.
help-leave-account = On <strong>your account page</strong> here you see every connected app, end one or all of them, take a copy of what is stored, and have everything erased at once.
help-leave-open = Open your account page

help-trouble = When something does not work
help-trouble-blocked = The sign-in page says that Garmin turns away or limits sign-ins.
help-trouble-blocked-do = Garmin does that now and then, whatever you entered. The page says when to try again; earlier tries make it longer.
help-trouble-google = I use Garmin with Google or Apple and have no password.
help-trouble-google-do = Set a password at Garmin once, under “Forgot password”, and use it here with the same e-mail address.
help-trouble-code = No code arrives.
help-trouble-code-do = Garmin asks for a code even when the password was wrong, but sends it only when it was right. Start over and check the password.
help-trouble-again = My assistant wants me to sign in again.
help-trouble-again-do = Garmin has ended the session, usually after a new password. Connect again in your app: one sign-in mends all your apps.
help-trouble-old = The numbers are old.
help-trouble-old-do = Your assistant sees what Garmin Connect has. Open the Garmin app and let your watch sync, then ask again.
help-trouble-tool = My assistant says it cannot do something.
help-trouble-tool-do = Ask it to show all Garmin tools. If you allowed reading only, connect again and allow changes.
help-trouble-failed = The app reports a failed connection.
help-trouble-failed-do = Remove the connector, add it again with the address only, and connect. If it stays so, write to the operator and quote the number the page shows.
