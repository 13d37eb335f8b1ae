UPDATE attempts SET evidence = given.evidence
FROM unnest($1::text[], $2::integer[], $3::text[]) AS given (message, number, evidence)
WHERE attempts.message = given.message AND attempts.number = given.number
