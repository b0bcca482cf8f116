-- An account's writes are listed newest first, and those whose time is over are swept.
CREATE INDEX journal_account_age ON journal (account_id, created_at, journal_id);
CREATE INDEX journal_created_at ON journal (created_at);
