-- Not in SQLite, where the answer of a commit is not lost: which of these results were written down already.
SELECT place
FROM (SELECT (item ->> 0)::integer AS place, item ->> 1 AS message, (item ->> 2)::integer AS number,
             item ->> 3 AS outcome, (item ->> 4)::double precision AS finished_at
      FROM unnest($1::jsonb[]) AS items (item)) AS given
JOIN attempts ON attempts.message = given.message AND attempts.number = given.number
WHERE attempts.outcome = given.outcome AND attempts.finished_at = given.finished_at
