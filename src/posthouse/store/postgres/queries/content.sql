SELECT wanted, content
FROM messages LEFT JOIN contents USING (id)
WHERE messages.id = $1
