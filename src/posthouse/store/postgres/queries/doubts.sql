SELECT in_doubt.pool, count(*)
FROM in_doubt JOIN messages ON messages.id = in_doubt.id
WHERE messages.status = 'held'
GROUP BY in_doubt.pool
