DELETE FROM contents
WHERE id IN (SELECT contents.id
             FROM contents JOIN messages USING (id)
             WHERE contents.id < ? AND due_at IS NULL AND lease_until IS NULL
             ORDER BY contents.id
             LIMIT ?)
