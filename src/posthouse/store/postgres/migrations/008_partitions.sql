-- compatible-since: itself
-- What carries the bytes is parted by time: ids begin with the millisecond of their acceptance. Partitions are made ahead
-- and dropped as a whole (partitions.py). What is here already is not copied: it becomes the first partition, and loses
-- its rows one by one until it is old as a whole. `*_rest` takes what no partition is made for. `messages` stays in one
-- piece: claims, leases and lists find their way through its indexes, which would be as many as there are partitions.

-- A sequence of its own: an identity of a table in partitions is new in PostgreSQL 17.
CREATE SEQUENCE events_number;
SELECT setval('events_number', nextval(pg_get_serial_sequence('events', 'seq')));
ALTER TABLE events ALTER COLUMN seq DROP IDENTITY, ALTER COLUMN seq SET DEFAULT nextval('events_number');

ALTER TABLE contents RENAME TO contents_before;
ALTER TABLE attempts RENAME TO attempts_before;
ALTER TABLE events RENAME TO events_before;
ALTER INDEX contents_pkey RENAME TO contents_before_pkey;
ALTER INDEX attempts_pkey RENAME TO attempts_before_pkey;
ALTER INDEX events_pkey RENAME TO events_before_pkey;

CREATE TABLE contents (LIKE contents_before INCLUDING ALL) PARTITION BY RANGE (id);
CREATE TABLE attempts (LIKE attempts_before INCLUDING ALL) PARTITION BY RANGE (message);
CREATE TABLE events (LIKE events_before INCLUDING ALL) PARTITION BY RANGE (message);
ALTER SEQUENCE events_number OWNED BY events.seq;

-- The first partition ends with the day after the newest message, or after today. The checks save ATTACH a look at each
-- row while it locks the tables.
DO $$
DECLARE
    newest text := (SELECT max(id) FROM messages);
    newest_ms bigint := coalesce(('x' || lpad(replace(left(newest, 13), '-', ''), 16, '0'))::bit(64)::bigint, 0);
    days bigint := ceil(greatest(newest_ms / 1000.0, extract(epoch FROM now())) / 86400) + 1;
    digits text := lpad(to_hex(days * 86400000), 12, '0');
    edge text := left(digits, 8) || '-' || right(digits, 4) || '-7000-8000-000000000000';
BEGIN
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
