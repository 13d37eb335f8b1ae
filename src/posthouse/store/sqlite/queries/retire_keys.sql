DELETE FROM idempotency WHERE forget_at < ?
