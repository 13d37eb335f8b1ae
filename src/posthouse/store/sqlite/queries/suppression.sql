SELECT pool, address, reason, source, at, by FROM suppressions WHERE pool = ? AND address = ?
