UPDATE messages SET status = 'cancelled' WHERE id = ANY ($1::text[])
