-- What operators and receivers say: which provider carries, who is not to be sent to, what became of the sent.

ALTER TABLE messages ADD COLUMN resent_from TEXT;

-- The status that a provider's news has earned the message while it was unfinished: it counts when it is sent or held.
ALTER TABLE messages ADD COLUMN told TEXT;

-- The status again, where it is an end that is rare and looked for: what is merely sent pays nothing for the index.
ALTER TABLE messages ADD COLUMN ended TEXT;
UPDATE messages SET ended = status
WHERE status IN ('bounced', 'complained', 'failed', 'expired', 'cancelled', 'held', 'suppressed');
CREATE INDEX messages_ended ON messages (ended, id) WHERE ended IS NOT NULL;

-- Which message a provider means by its own id. These ids are in no order, and to write each among the others would cost
-- more than all else about a message: they are entered when somebody asks, from the events after number `seq` on.
CREATE TABLE provider_ids (
    provider_message_id TEXT NOT NULL,
    message             TEXT NOT NULL,
    PRIMARY KEY (provider_message_id, message)
) WITHOUT ROWID;

CREATE TABLE provider_ids_entered (seq INTEGER NOT NULL);
INSERT INTO provider_ids_entered VALUES (0);

CREATE TABLE switches (
    pool     TEXT NOT NULL,
    provider TEXT NOT NULL,
    switch   TEXT NOT NULL,
    PRIMARY KEY (pool, provider)
) WITHOUT ROWID;

-- The number grows with every new row and is never used again: it tells whether a claim has seen the newest one.
CREATE TABLE suppressions (
    number  INTEGER PRIMARY KEY AUTOINCREMENT,
    pool    TEXT NOT NULL,
    address TEXT NOT NULL,
    reason  TEXT NOT NULL,
    source  TEXT NOT NULL,
    at      REAL NOT NULL,
    by      TEXT,
    UNIQUE (pool, address)
);

CREATE INDEX suppressions_number ON suppressions (pool, number);
