-- What carries the bytes is parted by time: ids begin with the millisecond of their acceptance. Partitions are made ahead
-- and dropped as a whole (partitions.py). What is here already is not copied: it becomes the first partition, and loses
-- its rows one by one until it is old as a whole. `*_rest` takes what no partition is made for.

-- The twin of posthouse.mail.ident.earliest.
CREATE FUNCTION earliest(instant double precision) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
    SELECT substr(digits, 1, 8) || '-' || substr(digits, 9) || '-7000-8000-000000000000'
    FROM (SELECT lpad(to_hex((greatest(instant, 0) * 1000)::bigint), 12, '0') AS digits) AS id
$$;

ALTER TABLE contents RENAME TO contents_before;
ALTER TABLE attempts RENAME TO attempts_before;
ALTER TABLE events RENAME TO events_before;
ALTER INDEX contents_pkey RENAME TO contents_before_pkey;
ALTER INDEX attempts_pkey RENAME TO attempts_before_pkey;
ALTER INDEX attempts_started RENAME TO attempts_before_started;
ALTER INDEX events_pkey RENAME TO events_before_pkey;

CREATE TABLE contents (
    id      text COLLATE "C" PRIMARY KEY,
    content bytea NOT NULL
) PARTITION BY RANGE (id);

ALTER TABLE contents ALTER COLUMN content SET STORAGE EXTERNAL;

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
) PARTITION BY RANGE (message);

CREATE INDEX attempts_started ON attempts (started_at);

-- The numbers come from a sequence of the table's own: an identity of a table in partitions is new in PostgreSQL 17.
CREATE SEQUENCE events_number;

CREATE TABLE events (
    seq       bigint           NOT NULL DEFAULT nextval('events_number'),
    message   text COLLATE "C" NOT NULL,
    at        double precision NOT NULL,
    type      text COLLATE "C" NOT NULL,
    provider  text COLLATE "C",
    recipient text COLLATE "C",
    detail    text COLLATE "C",
    PRIMARY KEY (message, seq)
) PARTITION BY RANGE (message);

ALTER SEQUENCE events_number OWNED BY events.seq;

-- The first partition ends with the day after the newest message, or after today. The checks are what saves ATTACH a look
-- at each row under its lock.
DO $$
DECLARE
    newest text := (SELECT max(id) FROM messages);
    made_s double precision := coalesce(('x' || lpad(replace(left(newest, 13), '-', ''), 16, '0'))::bit(64)::bigint, 0) / 1000.0;
    edge   text := earliest(86400 * (ceil(greatest(made_s, extract(epoch FROM now())) / 86400) + 1));
BEGIN
    PERFORM setval('events_number', nextval(pg_get_serial_sequence('events_before', 'seq')));
    ALTER TABLE events_before ALTER COLUMN seq DROP IDENTITY;
    EXECUTE format('ALTER TABLE contents_before ADD CONSTRAINT before CHECK (id < %L)', edge);
    EXECUTE format('ALTER TABLE attempts_before ADD CONSTRAINT before CHECK (message < %L)', edge);
    EXECUTE format('ALTER TABLE events_before ADD CONSTRAINT before CHECK (message < %L)', edge);
    EXECUTE format('ALTER TABLE contents ATTACH PARTITION contents_before FOR VALUES FROM (MINVALUE) TO (%L)', edge);
    EXECUTE format('ALTER TABLE attempts ATTACH PARTITION attempts_before FOR VALUES FROM (MINVALUE) TO (%L)', edge);
    EXECUTE format('ALTER TABLE events ATTACH PARTITION events_before FOR VALUES FROM (MINVALUE) TO (%L)', edge);
END
$$;

ALTER TABLE contents_before DROP CONSTRAINT before;
ALTER TABLE attempts_before DROP CONSTRAINT before;
ALTER TABLE events_before DROP CONSTRAINT before;

CREATE TABLE contents_rest PARTITION OF contents DEFAULT WITH (toast_tuple_target = 8160);
CREATE TABLE attempts_rest PARTITION OF attempts DEFAULT;
CREATE TABLE events_rest PARTITION OF events DEFAULT;
