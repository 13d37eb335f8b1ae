SELECT lessons.node, lessons.number, behind_s - database_time(0, $4), facts
FROM lessons
LEFT JOIN unnest($2::text[], $3::bigint[]) AS heard (node, number) ON heard.node = lessons.node
WHERE lessons.node <> $1 AND lessons.number > coalesce(heard.number, 0)
ORDER BY lessons.number
LIMIT $5
