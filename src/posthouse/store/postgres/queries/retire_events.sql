DELETE FROM events WHERE message = ANY ($1::text[])
