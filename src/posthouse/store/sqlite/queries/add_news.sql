-- Providers tell again what they think was not heard.
WITH given (message, at, type, provider, recipient, detail) AS (
VALUES (?, ?, ?, ?, ?, ?)
)
INSERT INTO events (message, at, type, provider, recipient, detail)
SELECT message, at, type, provider, recipient, detail
FROM given
WHERE NOT EXISTS (SELECT 1 FROM events AS known
                  WHERE known.message = given.message AND known.type = given.type AND known.at = given.at
                    AND known.provider = given.provider AND known.recipient IS given.recipient)
