-- The twin of sqlite/migrations/001_messages.sql. Text is compared byte by byte (COLLATE "C"), as SQLite does.
-- due_at is set while somebody should take it, lease_until while somebody has it, neither when it is over.
CREATE TABLE messages (
    id                  text COLLATE "C" PRIMARY KEY,
    pool                text COLLATE "C" NOT NULL,
    status              text COLLATE "C" NOT NULL,
    lane                integer          NOT NULL,
    class               text COLLATE "C",
    due_at              double precision,
    lease_until         double precision,
    fence               bigint           NOT NULL DEFAULT 0,
    attempts            integer          NOT NULL DEFAULT 0,
    course              text COLLATE "C",
    owed                text COLLATE "C",
    possible_duplicate  boolean          NOT NULL DEFAULT false,
    provider            text COLLATE "C",
    provider_message_id text COLLATE "C",
    accepted_at         double precision NOT NULL,
    expires_at          double precision,
    give_up_at          double precision NOT NULL,
    needs               bigint           NOT NULL,
    size                bigint           NOT NULL,
    recipients          integer          NOT NULL,
    wanted              text COLLATE "C",
    summary             text COLLATE "C" NOT NULL,
    CHECK (due_at IS NULL OR lease_until IS NULL),
    CHECK ((status IN ('scheduled', 'queued', 'sending')) = (due_at IS NOT NULL OR lease_until IS NOT NULL))
)
-- A message is written four times: its dead rows are cleared away while they are few.
WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_analyze_scale_factor = 0.02);

CREATE INDEX messages_due ON messages (lane, pool, due_at, id) WHERE due_at IS NOT NULL;
CREATE INDEX messages_ending ON messages (least(expires_at, give_up_at), id) WHERE due_at IS NOT NULL;
CREATE INDEX messages_leased ON messages (lease_until, id) WHERE lease_until IS NOT NULL;
CREATE INDEX messages_pool ON messages (pool, id);

-- What was to be sent. Kept as it is: to compress each content costs more than its place on the disk is worth.
CREATE TABLE contents (
    id      text COLLATE "C" PRIMARY KEY,
    content bytea NOT NULL
) WITH (toast_tuple_target = 8160);

ALTER TABLE contents ALTER COLUMN content SET STORAGE EXTERNAL;

-- One row per attempt, written before the first byte leaves; outcome is empty until the answer is known.
CREATE TABLE attempts (
    message       text COLLATE "C" NOT NULL,
    number        integer          NOT NULL,
    pool          text COLLATE "C" NOT NULL,
    provider      text COLLATE "C" NOT NULL,
    fence         bigint           NOT NULL,
    started_at    double precision NOT NULL,
    finished_at   double precision,
    outcome       text COLLATE "C",
    status        integer,
    detail        text COLLATE "C",
    health        integer,
    retry_after_s double precision,
    quota         boolean,
    evidence      text COLLATE "C",
    PRIMARY KEY (message, number)
);

CREATE INDEX attempts_started ON attempts (started_at);

-- What happened, in the order in which it was written: for one message that is the order of its numbers.
CREATE TABLE events (
    seq       bigint GENERATED ALWAYS AS IDENTITY,
    message   text COLLATE "C" NOT NULL,
    at        double precision NOT NULL,
    type      text COLLATE "C" NOT NULL,
    provider  text COLLATE "C",
    recipient text COLLATE "C",
    detail    text COLLATE "C",
    PRIMARY KEY (message, seq)
);

-- accepted_at: of the request that the key was last given to.
CREATE TABLE idempotency (
    pool        text COLLATE "C" NOT NULL,
    key         text COLLATE "C" NOT NULL,
    digest      bytea            NOT NULL,
    message     text COLLATE "C" NOT NULL,
    status      text COLLATE "C" NOT NULL,
    accepted_at double precision NOT NULL,
    forget_at   double precision NOT NULL,
    PRIMARY KEY (pool, key)
);

CREATE INDEX idempotency_forget ON idempotency (forget_at);

-- An instant of a caller as the database's clock has it. asked_at: what the caller's clock shows while it asks.
-- Clocks that agree to two seconds count as one: that is the time a statement may be under way.
CREATE FUNCTION database_time(instant double precision, asked_at double precision) RETURNS double precision
LANGUAGE sql STABLE PARALLEL SAFE
AS $$
    SELECT CASE
        WHEN abs(extract(epoch FROM statement_timestamp())::double precision - asked_at) < 2 THEN instant
        ELSE instant + extract(epoch FROM statement_timestamp())::double precision - asked_at
    END
$$;
