-- With what is leased, its content and the newest suppression of its pool: in SQLite a query each, and here every
-- statement is a round trip.
WITH leased AS (
    UPDATE messages SET lease_until = database_time($2, $3), fence = fence + 1, due_at = NULL
    FROM unnest($1::text[]) WITH ORDINALITY AS given (id, place)
    WHERE messages.id = given.id
    RETURNING place, messages.id, pool, fence, attempts, accepted_at, give_up_at, expires_at, needs, size, recipients,
              wanted, course, owed, told, trace
)
SELECT leased.id, pool, fence, attempts, accepted_at, give_up_at, expires_at, needs, size, recipients,
       wanted, course, owed, told, trace, content,
       (SELECT max(number) FROM suppressions WHERE suppressions.pool = leased.pool)
FROM leased
JOIN contents ON contents.id = leased.id
ORDER BY place
