-- The numbers are given in the order of the rows.
INSERT INTO events (message, at, type, provider, recipient, detail)
SELECT message, at, type, provider, recipient, detail
FROM unnest($1::text[], $2::double precision[], $3::text[], $4::text[], $5::text[], $6::text[])
     WITH ORDINALITY AS given (message, at, type, provider, recipient, detail, place)
ORDER BY place
