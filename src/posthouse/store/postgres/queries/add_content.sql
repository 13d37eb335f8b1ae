INSERT INTO contents (id, content)
SELECT * FROM unnest($1::text[], $2::bytea[])
