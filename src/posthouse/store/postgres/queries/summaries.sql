SELECT messages.id, summary
FROM unnest($1::text[]) AS given (id) JOIN messages ON messages.id = given.id
