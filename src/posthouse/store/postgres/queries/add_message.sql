-- With content, first event and, where it begins with it, first attempt: in SQLite a statement each, and here every
-- statement is a round trip. The numbers of the events are given in the order of the rows.
WITH given AS MATERIALIZED (
    SELECT item ->> 0 AS id, item ->> 1 AS pool, item ->> 2 AS status, (item ->> 3)::integer AS lane,
           item ->> 4 AS class, (item ->> 5)::double precision AS due_at, (item ->> 6)::double precision AS accepted_at,
           (item ->> 7)::double precision AS expires_at, (item ->> 8)::double precision AS give_up_at,
           (item ->> 9)::bigint AS needs, (item ->> 10)::bigint AS size, (item ->> 11)::integer AS recipients,
           item ->> 12 AS wanted, item ->> 13 AS summary, item ->> 14 AS resent_from, item ->> 15 AS caller,
           item ->> 16 AS trace, (item ->> 17)::double precision AS lease_until, (item ->> 18)::bigint AS fence,
           (item ->> 19)::integer AS attempts, item ->> 20 AS provider, (item ->> 21)::double precision AS began_at,
           content, place
    FROM unnest($1::jsonb[], $2::bytea[]) WITH ORDINALITY AS items (item, content, place)
),
content AS (
    INSERT INTO contents (id, content) SELECT id, content FROM given
),
attempt AS (
    INSERT INTO attempts (message, number, pool, provider, fence, started_at)
    SELECT id, attempts, pool, provider, fence, began_at FROM given WHERE began_at IS NOT NULL
),
event AS (
    INSERT INTO events (message, at, type) SELECT id, accepted_at, 'accepted' FROM given ORDER BY place
)
INSERT INTO messages (id, pool, status, lane, class, due_at, accepted_at, expires_at, give_up_at,
                      needs, size, recipients, wanted, summary, resent_from, caller, trace,
                      lease_until, fence, attempts, provider)
SELECT id, pool, status, lane, class, due_at, accepted_at, expires_at, give_up_at,
       needs, size, recipients, wanted, summary, resent_from, caller, trace,
       database_time(lease_until, $3), fence, attempts, provider
FROM given
