-- Not in SQLite, where the dead hold nothing. Ends the transactions of processes that stand still, and keep locked what
-- they had in hand: each of ours is given up by whoever asked for it after half of that time.
SELECT pg_terminate_backend(pid)
FROM pg_stat_activity
WHERE application_name = $1 AND datname = current_database() AND usename = current_user
  AND xact_start < clock_timestamp() - make_interval(secs => $2) AND pid <> pg_backend_pid()
