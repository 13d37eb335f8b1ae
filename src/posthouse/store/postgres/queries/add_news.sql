-- Providers tell again what they think was not heard.
INSERT INTO events (message, at, type, provider, recipient, detail)
SELECT message, at, type, provider, recipient, detail
FROM (SELECT item ->> 0 AS message, (item ->> 1)::double precision AS at, item ->> 2 AS type, item ->> 3 AS provider,
             item ->> 4 AS recipient, item ->> 5 AS detail, place
      FROM unnest($1::jsonb[]) WITH ORDINALITY AS items (item, place)) AS given
WHERE NOT EXISTS (SELECT 1 FROM events AS known
                  WHERE known.message = given.message AND known.type = given.type AND known.at = given.at
                    AND known.provider = given.provider AND known.recipient IS NOT DISTINCT FROM given.recipient)
ORDER BY place
