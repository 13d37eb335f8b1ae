-- Whether its message is over is asked of each content alone, in words that cannot become a join: for one PostgreSQL walks
-- over all messages, as long as nobody has counted which of them are old. Where there is no message any more (another
-- process forgot it while this one tried, and failed, to forget its content) nobody would come back for it.
DELETE FROM contents
WHERE id = ANY (ARRAY(SELECT id
                      FROM contents
                      WHERE id >= $1 AND id < $2
                        AND coalesce((SELECT due_at IS NULL AND lease_until IS NULL
                                      FROM messages WHERE messages.id = contents.id), true)
                        AND NOT EXISTS (SELECT 1 FROM in_doubt WHERE in_doubt.id = contents.id)
                      ORDER BY id
                      LIMIT $3
                      FOR UPDATE OF contents SKIP LOCKED))
  AND id >= $1 AND id < $2
RETURNING id
