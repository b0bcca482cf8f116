-- One browser may have only so many sign-ins in progress, and beginning one looks them up.
CREATE INDEX sign_ins_browser_digest ON sign_ins (browser_digest);
