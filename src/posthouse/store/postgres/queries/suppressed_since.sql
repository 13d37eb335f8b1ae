SELECT address FROM suppressions WHERE pool = $1 AND number > $2
