-- The leases were looked at, and locked, by `held`.
UPDATE messages
SET status = 'sending', attempts = given.number, provider = given.provider,
    possible_duplicate = possible_duplicate OR given.doubt
FROM unnest($1::text[], $2::integer[], $3::text[], $4::boolean[]) AS given (id, number, provider, doubt)
WHERE messages.id = given.id
