-- The state of a message: small, changed a few times, then never again.
-- due_at is set while somebody should take it, lease_until while somebody has it, neither when it is over.
CREATE TABLE messages (
    id                  TEXT PRIMARY KEY,
    pool                TEXT    NOT NULL,
    status              TEXT    NOT NULL,
    lane                INTEGER NOT NULL,
    class               TEXT,
    due_at              REAL,
    lease_until         REAL,
    fence               INTEGER NOT NULL DEFAULT 0,
    attempts            INTEGER NOT NULL DEFAULT 0,
    course              TEXT,
    owed                TEXT,
    possible_duplicate  INTEGER NOT NULL DEFAULT 0,
    provider            TEXT,
    provider_message_id TEXT,
    accepted_at         REAL    NOT NULL,
    expires_at          REAL,
    give_up_at          REAL    NOT NULL,
    needs               INTEGER NOT NULL,
    size                INTEGER NOT NULL,
    recipients          INTEGER NOT NULL,
    wanted              TEXT,
    summary             TEXT    NOT NULL,
    CHECK (due_at IS NULL OR lease_until IS NULL),
    CHECK (status IN ('scheduled', 'queued', 'sending') = (due_at IS NOT NULL OR lease_until IS NOT NULL))
) WITHOUT ROWID;

CREATE INDEX messages_due ON messages (lane, pool, due_at) WHERE due_at IS NOT NULL;
CREATE INDEX messages_ending ON messages (min(coalesce(expires_at, give_up_at), give_up_at)) WHERE due_at IS NOT NULL;
CREATE INDEX messages_leased ON messages (lease_until) WHERE lease_until IS NOT NULL;
CREATE INDEX messages_pool ON messages (pool, id);

-- What was to be sent: large, written once, read once or twice, forgotten before the record is.
-- With row ids: without them a row of more than a quarter of a page takes an overflow page of its own.
CREATE TABLE contents (
    id      TEXT PRIMARY KEY,
    content BLOB NOT NULL
);

-- One row per attempt, written before the first byte leaves; outcome is empty until the answer is known.
CREATE TABLE attempts (
    message       TEXT    NOT NULL,
    number        INTEGER NOT NULL,
    pool          TEXT    NOT NULL,
    provider      TEXT    NOT NULL,
    fence         INTEGER NOT NULL,
    started_at    REAL    NOT NULL,
    finished_at   REAL,
    outcome       TEXT,
    status        INTEGER,
    detail        TEXT,
    health        INTEGER,
    retry_after_s REAL,
    quota         INTEGER,
    evidence      TEXT,
    PRIMARY KEY (message, number)
) WITHOUT ROWID;

CREATE INDEX attempts_started ON attempts (started_at);

-- What happened, in the order in which it was written.
CREATE TABLE events (
    seq       INTEGER PRIMARY KEY,
    message   TEXT NOT NULL,
    at        REAL NOT NULL,
    type      TEXT NOT NULL,
    provider  TEXT,
    recipient TEXT,
    detail    TEXT
);

CREATE INDEX events_message ON events (message);

CREATE TABLE idempotency (
    pool      TEXT NOT NULL,
    key       TEXT NOT NULL,
    digest    BLOB NOT NULL,
    message   TEXT NOT NULL,
    status    TEXT NOT NULL,
    forget_at REAL NOT NULL,
    PRIMARY KEY (pool, key)
) WITHOUT ROWID;

CREATE INDEX idempotency_forget ON idempotency (forget_at);
