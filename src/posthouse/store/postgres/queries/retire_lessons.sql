DELETE FROM lessons
WHERE (node, number) IN (SELECT node, number
                         FROM lessons
                         WHERE told_at < clock_timestamp() - interval '1 minute'
                         FOR UPDATE SKIP LOCKED)
