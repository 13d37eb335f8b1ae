INSERT INTO messages (id, pool, status, lane, class, due_at, accepted_at, expires_at, give_up_at,
                      needs, size, recipients, wanted, summary, resent_from, caller, trace)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::integer[], $5::text[], $6::double precision[],
                     $7::double precision[], $8::double precision[], $9::double precision[], $10::bigint[],
                     $11::bigint[], $12::integer[], $13::text[], $14::text[], $15::text[], $16::text[],
                     $17::text[])
