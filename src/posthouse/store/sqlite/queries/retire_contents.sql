DELETE FROM contents
WHERE id IN (SELECT contents.id
             FROM contents JOIN messages USING (id)
             WHERE contents.id < ? AND due_at IS NULL AND lease_until IS NULL
               AND NOT EXISTS (SELECT 1 FROM in_doubt WHERE in_doubt.id = contents.id)
             ORDER BY contents.id
             LIMIT ?)
