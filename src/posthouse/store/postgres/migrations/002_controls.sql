-- What operators and receivers say: which provider carries, who is not to be sent to, what became of the sent.

ALTER TABLE messages
    ADD COLUMN resent_from text COLLATE "C",
    -- The status that a provider's news has earned the message while it was unfinished: it counts when it is sent or held.
    ADD COLUMN told text COLLATE "C",
    -- The status again, where it is an end that is rare and looked for. PostgreSQL keeps it by itself.
    ADD COLUMN ended text COLLATE "C" GENERATED ALWAYS AS (
        CASE WHEN status IN ('bounced', 'complained', 'failed', 'expired', 'cancelled', 'held', 'suppressed')
             THEN status END
    ) STORED;

CREATE INDEX messages_ended ON messages (ended, id) WHERE ended IS NOT NULL;

-- Which message a provider means by its own id. SQLite enters these ids later, from the events; with many writers the
-- events' numbers are not in the order of their commits, so that some would be passed over.
CREATE INDEX messages_provider_id ON messages (provider_message_id) WHERE provider_message_id IS NOT NULL;

CREATE TABLE switches (
    pool     text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    switch   text COLLATE "C" NOT NULL,
    PRIMARY KEY (pool, provider)
);

-- The number grows with every new row of a pool and is never used again: it tells whether a claim has seen the newest
-- one. Whoever adds to a pool's list has the list to himself meanwhile (see own_pools), so that the numbers are seen in
-- their order.
CREATE TABLE suppressions (
    number  bigint GENERATED ALWAYS AS IDENTITY,
    pool    text COLLATE "C" NOT NULL,
    address text COLLATE "C" NOT NULL,
    reason  text COLLATE "C" NOT NULL,
    source  text COLLATE "C" NOT NULL,
    at      double precision NOT NULL,
    by      text COLLATE "C",
    PRIMARY KEY (pool, address)
);

CREATE INDEX suppressions_number ON suppressions (pool, number);
