-- With the look at its lease, its attempt and its events: in SQLite a statement each, and here every statement is a round
-- trip. Answers with the places of those whose lease still held: see `held` for the order and the words.
WITH given AS MATERIALIZED (
    SELECT item ->> 0 AS id, item ->> 1 AS status, (item ->> 2)::double precision AS due_at, item ->> 3 AS course,
           item ->> 4 AS owed, item ->> 5 AS provider_message_id, (item ->> 6)::integer AS number,
           (item ->> 7)::double precision AS finished_at, item ->> 8 AS outcome, (item ->> 9)::integer AS answered,
           item ->> 10 AS detail, (item ->> 11)::integer AS health, (item ->> 12)::double precision AS retry_after_s,
           (item ->> 13)::boolean AS quota, item ->> 14 AS provider, item -> 15 AS events, (item ->> 16)::bigint AS fence,
           (item ->> 17)::integer AS place
    FROM unnest($1::jsonb[]) AS items (item)
),
held AS MATERIALIZED (
    SELECT given.*
    FROM given JOIN messages ON messages.id = given.id AND messages.fence = given.fence
    WHERE coalesce(lease_until, '-infinity') > '-infinity'
    ORDER BY messages.id
    FOR UPDATE OF messages
),
attempt AS (
    UPDATE attempts
    SET finished_at = held.finished_at, outcome = held.outcome, status = held.answered, detail = held.detail,
        health = held.health, retry_after_s = held.retry_after_s, quota = held.quota
    FROM held
    WHERE attempts.message = held.id AND attempts.number = held.number
),
event AS (
    INSERT INTO events (message, at, type, provider, recipient, detail)
    SELECT id, finished_at, event ->> 0, provider, event ->> 1, event ->> 2
    FROM held CROSS JOIN LATERAL jsonb_array_elements(events) WITH ORDINALITY AS told (event, number_told)
    ORDER BY place, number_told
),
message AS (
    UPDATE messages
    SET status = CASE WHEN held.status IN ('sent', 'held') THEN coalesce(told, held.status) ELSE held.status END,
        due_at = held.due_at, lease_until = NULL, course = held.course,
        owed = coalesce(held.owed, messages.owed),
        provider_message_id = coalesce(held.provider_message_id, messages.provider_message_id)
    FROM held
    WHERE messages.id = held.id
)
SELECT place FROM held
