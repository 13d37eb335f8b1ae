SELECT id, pool, status, lane, class, summary, accepted_at, due_at, expires_at, provider, provider_message_id,
       possible_duplicate, resent_from
FROM messages
WHERE pool = :pool AND id >= :first AND id < :before
  AND (:status IS NULL OR status = :status)
  AND (:provider IS NULL OR provider = :provider)
  AND (:since IS NULL OR accepted_at >= :since)
  AND (:until IS NULL OR accepted_at < :until)
  AND (:tag IS NULL OR instr(summary, :tag_text)
                       AND EXISTS (SELECT 1 FROM json_each(summary, '$.tags') WHERE value = :tag))
  AND (:to IS NULL OR instr(lower(summary), lower(:to_text))
                      AND EXISTS (SELECT 1 FROM json_each(summary, '$.recipients')
                                  WHERE lower(value) = lower(:to)
                                     OR substr(lower(value), -length(:to) - 2) = '<' || lower(:to) || '>'))
ORDER BY id DESC
LIMIT :limit
