# What every page has. Keys begin with the name of their file.
base-run-by = This gateway is run by <strong>{ $name }</strong>.
base-questions = Questions? Write to the operator of this gateway:
base-run-by-somebody = This gateway is run by the operator who gave you its address.
base-independent = An independent project, not affiliated with Garmin. Garmin and Garmin Connect are trademarks of Garmin Ltd.
base-number = If you ask for help, quote this number: <code>{ $number }</code>
base-how-to-connect = How to connect
base-languages = Languages
base-help = Help
base-tools = Questions and tools
base-account = Your account
base-menu = Pages
