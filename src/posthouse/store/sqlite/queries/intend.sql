-- Only where the lease holds: how many rows changed says whether all of them did.
WITH given (id, fence, number, provider, doubt) AS (
VALUES (?, ?, ?, ?, ?)
)
UPDATE messages
SET status = 'sending', attempts = given.number, provider = given.provider,
    possible_duplicate = possible_duplicate OR given.doubt
FROM given
WHERE messages.id = given.id AND messages.fence = given.fence AND lease_until IS NOT NULL
