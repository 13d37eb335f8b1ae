INSERT OR IGNORE INTO provider_ids (provider_message_id, message)
SELECT messages.provider_message_id, messages.id
FROM (SELECT DISTINCT message FROM events WHERE seq > ? AND seq <= ? AND type = 'sent') AS sent
CROSS JOIN messages ON messages.id = sent.message
WHERE messages.provider_message_id IS NOT NULL
ORDER BY 1
