DELETE FROM in_doubt WHERE id = ANY ($1::text[])
