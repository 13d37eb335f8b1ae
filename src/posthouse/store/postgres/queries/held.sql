-- Which of the given leases still hold: their places in the list. Locks the messages, in the order of their ids, so
-- that nobody takes them over before this transaction is committed. The lease is asked for in words that no index has:
-- by that of the leases, which looks empty to who counted when nothing was leased, each id would be compared with all.
SELECT place
FROM (SELECT (item ->> 0)::integer AS place, item ->> 1 AS id, (item ->> 2)::bigint AS fence
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN messages ON messages.id = given.id AND messages.fence = given.fence
WHERE coalesce(lease_until, '-infinity') > '-infinity'
ORDER BY messages.id
FOR UPDATE OF messages
