-- A provider's own id says nothing outside its pool, nor of what it never carried. From an index, where SQLite has a
-- table: see the migrations.
SELECT place, (SELECT id
               FROM messages
               WHERE messages.provider_message_id = given.provider_message_id AND messages.pool = given.pool
                 AND EXISTS (SELECT 1 FROM attempts WHERE message = messages.id AND attempts.provider = given.provider)
               ORDER BY id DESC
               LIMIT 1)
FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[]) AS given (place, pool, provider, provider_message_id)
