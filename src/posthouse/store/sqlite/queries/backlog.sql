-- By the indexes of what is unfinished, and not by the one of a pool: there the finished would be walked over as well.
SELECT pool, status, count(*)
FROM (SELECT pool, status FROM messages INDEXED BY messages_due WHERE due_at IS NOT NULL
      UNION ALL
      SELECT pool, status FROM messages INDEXED BY messages_leased WHERE lease_until IS NOT NULL)
GROUP BY pool, status
