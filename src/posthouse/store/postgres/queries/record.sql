-- With its attempt and its events: in SQLite a statement each, and here every statement is a round trip.
WITH given AS MATERIALIZED (
    SELECT item ->> 0 AS id, item ->> 1 AS status, (item ->> 2)::double precision AS due_at, item ->> 3 AS course,
           item ->> 4 AS owed, item ->> 5 AS provider_message_id, (item ->> 6)::integer AS number,
           (item ->> 7)::double precision AS finished_at, item ->> 8 AS outcome, (item ->> 9)::integer AS answered,
           item ->> 10 AS detail, (item ->> 11)::integer AS health, (item ->> 12)::double precision AS retry_after_s,
           (item ->> 13)::boolean AS quota, item ->> 14 AS provider, item -> 15 AS events, place
    FROM unnest($1::jsonb[]) WITH ORDINALITY AS items (item, place)
),
attempt AS (
    UPDATE attempts
    SET finished_at = given.finished_at, outcome = given.outcome, status = given.answered, detail = given.detail,
        health = given.health, retry_after_s = given.retry_after_s, quota = given.quota
    FROM given
    WHERE attempts.message = given.id AND attempts.number = given.number
),
event AS (
    INSERT INTO events (message, at, type, provider, recipient, detail)
    SELECT id, finished_at, event ->> 0, provider, event ->> 1, event ->> 2
    FROM given CROSS JOIN LATERAL jsonb_array_elements(events) WITH ORDINALITY AS told (event, number_told)
    ORDER BY place, number_told
)
UPDATE messages
SET status = CASE WHEN given.status IN ('sent', 'held') THEN coalesce(told, given.status) ELSE given.status END,
    due_at = given.due_at, lease_until = NULL, course = given.course,
    owed = coalesce(given.owed, messages.owed),
    provider_message_id = coalesce(given.provider_message_id, messages.provider_message_id)
FROM given
WHERE messages.id = given.id
