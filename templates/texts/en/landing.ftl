landing-title = Your Garmin data in your AI assistant
landing-lead = Ask Claude, ChatGPT or another assistant how you slept, how your training is going, or what to run tomorrow. It looks at your own Garmin data and answers.
landing-steps = Three steps
landing-step-add = <strong>Copy this address</strong> and add it in your assistant as a connector:
landing-step-sign-in = <strong>Sign in at Garmin once</strong>, on a page of this gateway that your assistant opens. You choose whether it may change anything or only read.
landing-step-ask = <strong>Ask.</strong> For example: “How was my week?”, “Compare my last two long runs”, “Plan an easy hour for Thursday and put it on my watch.”
landing-which = Step by step for your assistant:
landing-local = This gateway runs on one computer only. Claude and ChatGPT on the web and on telephones cannot reach it; programs on the same computer can.

landing-garmin = Garmin at the moment, as seen from here
landing-sign-ins = Signing in
landing-renewals = Staying signed in
landing-quiet = nobody needed it in the last hour
landing-fine = works
landing-unsteady = works for some, not for all
landing-trouble = Garmin is turning requests away or not answering; try again later

landing-kept = What is kept
landing-kept-password = <strong>Your password</strong> is sent to Garmin once while you sign in. It is never written down.
landing-kept-token = <strong>Garmin’s token</strong>, a key that keeps you signed in, is kept encrypted, and so are your name and e-mail address at Garmin.
landing-kept-data = <strong>Your health and training data</strong> are fetched when you ask and passed to your assistant. They are not stored here.
landing-kept-assistant = <strong>The maker of your assistant</strong> gets what you ask for, and a key to this gateway. They never get your Garmin password or Garmin’s token.
landing-more = More on what is stored and how it is sealed
landing-leave = <strong>Leaving</strong> is easy: on your account page you end one connection or all of them, or have everything erased.
landing-trust = You trust whoever runs this gateway with access to your Garmin account. Connect only if you know and trust them.
landing-trust-name = You trust whoever runs this gateway with access to your Garmin account. Connect only if you know and trust them: this one is run by <strong>{ $name }</strong>.
landing-preview = A line like a pulse on a blue ground, with the words: Your Garmin data in your AI assistant
