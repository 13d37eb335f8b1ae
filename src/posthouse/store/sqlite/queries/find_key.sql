SELECT message, digest, status FROM idempotency WHERE pool = ? AND key = ? AND forget_at > ?
