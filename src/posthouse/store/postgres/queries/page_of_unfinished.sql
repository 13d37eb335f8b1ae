-- For when they are few: each is looked up.
SELECT id, pool, status, lane, class, summary, accepted_at, due_at, expires_at, provider, provider_message_id,
       possible_duplicate, resent_from
FROM messages
WHERE id = ANY (ARRAY(SELECT id FROM messages WHERE due_at IS NOT NULL
                        UNION ALL
                        SELECT id FROM messages WHERE lease_until IS NOT NULL))
  AND id >= $1 AND id < $2
  AND ($3::text IS NULL OR pool = $3)
  AND ($4::text IS NULL OR status = $4)
  AND ($5::text IS NULL OR provider = $5)
  AND ($6::double precision IS NULL OR accepted_at >= $6)
  AND ($7::double precision IS NULL OR accepted_at < $7)
  AND ($8::text IS NULL OR strpos(summary, $9::text) > 0 AND (summary::jsonb -> 'tags') ? $8)
  AND ($10::text IS NULL OR strpos(lower(summary), lower($11::text)) > 0
                            AND EXISTS (SELECT 1
                                        FROM jsonb_array_elements_text(summary::jsonb -> 'recipients') AS shown (value)
                                        WHERE lower(value) = lower($10)
                                           OR right(lower(value), length($10) + 2) = '<' || lower($10) || '>'))
ORDER BY id DESC
LIMIT $12
