SELECT address FROM suppressions WHERE pool = ? AND number > ?
