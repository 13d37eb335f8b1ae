SELECT number, provider, started_at FROM attempts WHERE message = ? AND number = ? AND outcome IS NULL
