INSERT INTO messages (id, pool, status, lane, class, due_at, accepted_at, expires_at, give_up_at,
                      needs, size, recipients, wanted, summary, resent_from, caller, trace,
                      lease_until, fence, attempts, provider)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
