-- In the order in which they are given.
INSERT INTO audit (at, what, kind, name, address, pool, subject, reason, before, after, once)
SELECT at, what, kind, name, address, pool, subject, reason, before, after, once
FROM unnest($1::double precision[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
            $9::text[], $10::text[], $11::text[]) WITH ORDINALITY
     AS given (at, what, kind, name, address, pool, subject, reason, before, after, once, place)
ORDER BY place
ON CONFLICT (once) DO NOTHING
