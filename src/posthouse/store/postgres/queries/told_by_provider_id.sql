-- A provider's own id says nothing outside its pool, nor of what it never carried. From an index, where SQLite has a
-- table: see the migrations.
SELECT place, (SELECT id
               FROM messages
               WHERE messages.provider_message_id = given.provider_message_id AND messages.pool = given.pool
                 AND EXISTS (SELECT 1 FROM attempts WHERE message = messages.id AND attempts.provider = given.provider)
               ORDER BY id DESC
               LIMIT 1)
FROM (SELECT (item ->> 0)::integer AS place, item ->> 1 AS pool, item ->> 2 AS provider,
             item ->> 3 AS provider_message_id
      FROM unnest($1::jsonb[]) AS items (item)) AS given
