"""Small apps on other people's client libraries: each takes the connector URL, prints the address
a person has to open, and one `RESULT` line per round of calls."""
