-- Numbers that all gateways on the database share. `access_revision` grows in every
-- transaction that ends somebody's access: who has seen it knows by one look whether to look
-- further. `backup_due_at` and `backup_done_at` are the schedule of backups, as times.
CREATE TABLE marks (
    name  TEXT    NOT NULL PRIMARY KEY,
    value BIGINT  NOT NULL
);

INSERT INTO marks (name, value)
VALUES ('access_revision', 0), ('backup_due_at', 0), ('backup_done_at', 0);
