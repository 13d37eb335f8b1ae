-- Which of the given leases still hold: their places in the list. Locks the messages, in the order of their ids, so
-- that nobody takes them over before this transaction is committed. The lease is asked for in words that no index has:
-- by that of the leases, which looks empty to who counted when nothing was leased, each id would be compared with all.
SELECT place
FROM unnest($1::integer[], $2::text[], $3::bigint[]) AS given (place, id, fence)
JOIN messages ON messages.id = given.id AND messages.fence = given.fence
WHERE coalesce(lease_until, '-infinity') > '-infinity'
ORDER BY messages.id
FOR UPDATE OF messages
