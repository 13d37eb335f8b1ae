-- The leases were looked at, and locked, by `held`.
UPDATE messages
SET status = 'sending', attempts = given.number, provider = given.provider,
    possible_duplicate = possible_duplicate OR given.doubt
FROM (SELECT item ->> 0 AS id, (item ->> 1)::integer AS number, item ->> 2 AS provider, (item ->> 3)::boolean AS doubt
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE messages.id = given.id
