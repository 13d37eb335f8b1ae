SELECT in_doubt.pool, count(*)
FROM in_doubt CROSS JOIN messages USING (id)
WHERE messages.status = 'held'
GROUP BY in_doubt.pool
