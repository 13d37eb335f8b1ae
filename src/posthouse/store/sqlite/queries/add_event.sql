INSERT INTO events (message, at, type, provider, recipient, detail)
VALUES (?, ?, ?, ?, ?, ?)
