-- Whether no other process is making or dropping partitions at this moment.
SELECT pg_try_advisory_xact_lock(20596)
