-- Providers tell again what they think was not heard.
INSERT INTO events (message, at, type, provider, recipient, detail)
SELECT message, at, type, provider, recipient, detail
FROM unnest($1::text[], $2::double precision[], $3::text[], $4::text[], $5::text[], $6::text[])
     WITH ORDINALITY AS given (message, at, type, provider, recipient, detail, place)
WHERE NOT EXISTS (SELECT 1 FROM events AS known
                  WHERE known.message = given.message AND known.type = given.type AND known.at = given.at
                    AND known.provider = given.provider AND known.recipient IS NOT DISTINCT FROM given.recipient)
ORDER BY place
