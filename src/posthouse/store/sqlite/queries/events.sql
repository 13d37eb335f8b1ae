SELECT type, at, provider, recipient, detail FROM events WHERE message = ? ORDER BY seq
