-- Who changed what. What was and what is stand there as JSON, without secrets.
-- once: changes that several processes see, and that are one.
CREATE TABLE audit (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    at      REAL NOT NULL,
    what    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    name    TEXT,
    address TEXT,
    pool    TEXT,
    subject TEXT,
    reason  TEXT,
    before  TEXT,
    after   TEXT,
    once    TEXT UNIQUE
);

CREATE INDEX audit_at ON audit (at);

-- When this store turned out to be a copy. A row without restored_at is the mark that `posthouse backup` leaves in a copy:
-- whoever opens it first sets aside what is unfinished in it.
CREATE TABLE restores (
    number      INTEGER PRIMARY KEY,
    copied_at   REAL,
    restored_at REAL
);

-- What was unfinished in the copy, and may have been sent since: `held` until somebody gives a verdict. status and due_at
-- are those that it goes back to.
CREATE TABLE in_doubt (
    id     TEXT PRIMARY KEY,
    pool   TEXT NOT NULL,
    status TEXT NOT NULL,
    due_at REAL NOT NULL
) WITHOUT ROWID;
