-- compatible-since: 8
-- The lists of suppressions of some pools stand still from here to the end of the transaction, and the number of the newest
-- one in each that has any. Two statements, since a statement sees what was committed when it began; in a function, since
-- each would be a round trip.
CREATE FUNCTION bound(pools text[]) RETURNS TABLE (bound_pool text, newest bigint) LANGUAGE plpgsql
AS $$
BEGIN
    PERFORM pg_advisory_xact_lock_shared(20552, hashtext(given))
    FROM (SELECT given FROM unnest(pools) AS names (given) ORDER BY hashtext(given)) AS ordered;
    RETURN QUERY SELECT given, (SELECT max(number) FROM suppressions WHERE pool = given)
    FROM unnest(pools) AS names (given);
END
$$;
