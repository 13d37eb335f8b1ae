SELECT type, at, provider, recipient, detail FROM events WHERE message = $1 ORDER BY seq
