-- A provider's own id says nothing outside its pool, nor of what it never carried.
SELECT id, status, told
FROM provider_ids CROSS JOIN messages ON id = message
WHERE provider_ids.provider_message_id = ?3 AND pool = ?1
  AND EXISTS (SELECT 1 FROM attempts WHERE attempts.message = id AND attempts.provider = ?2)
ORDER BY id DESC
LIMIT 1
