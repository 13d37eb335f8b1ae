SELECT id
FROM nodes
WHERE seen_at > clock_timestamp() - make_interval(secs => $1)
ORDER BY id
