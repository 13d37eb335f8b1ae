UPDATE messages SET lease_until = 0 WHERE lease_until IS NOT NULL
