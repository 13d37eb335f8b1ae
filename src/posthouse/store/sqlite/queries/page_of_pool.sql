SELECT id, pool, status, lane, class, summary, accepted_at, due_at, expires_at, provider, provider_message_id,
       possible_duplicate
FROM messages
WHERE pool = :pool AND id >= :first AND id < :before
  AND (:status IS NULL OR status = :status)
  AND (:provider IS NULL OR provider = :provider)
  AND (:since IS NULL OR accepted_at >= :since)
  AND (:until IS NULL OR accepted_at < :until)
  AND (:tag IS NULL OR EXISTS (SELECT 1 FROM json_each(summary, '$.tags') WHERE value = :tag))
  AND (:to IS NULL OR EXISTS (SELECT 1 FROM json_each(summary, '$.recipients')
                              WHERE lower(value) = lower(:to)
                                 OR substr(lower(value), -length(:to) - 2) = '<' || lower(:to) || '>'))
ORDER BY id DESC
LIMIT :limit
