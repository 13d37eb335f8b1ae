UPDATE attempts SET evidence = given.evidence
FROM (SELECT item ->> 0 AS message, (item ->> 1)::integer AS number, item ->> 2 AS evidence
      FROM unnest($1::jsonb[]) AS items (item)) AS given
WHERE attempts.message = given.message AND attempts.number = given.number
