SELECT messages.id, pool, fence, attempts, accepted_at, give_up_at, expires_at, needs, size, recipients,
       wanted, course, owed, told, trace, content
FROM unnest($1::text[]) WITH ORDINALITY AS given (id, place)
JOIN messages ON messages.id = given.id
JOIN contents ON contents.id = given.id
ORDER BY place
