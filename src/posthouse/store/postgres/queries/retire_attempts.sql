DELETE FROM attempts WHERE message = ANY ($1::text[])
