-- What the processes tell each other of providers, for a minute. It need not outlive a crash of the server: what attempts
-- taught is in their rows.
-- behind_s: how far the clock of the process that told it is behind the database's; 0 where they count as one.
CREATE UNLOGGED TABLE lessons (
    node     text COLLATE "C"  NOT NULL,
    number   bigint            NOT NULL,
    behind_s double precision  NOT NULL,
    told_at  timestamptz       NOT NULL DEFAULT clock_timestamp(),
    facts    bytea             NOT NULL,
    PRIMARY KEY (node, number)
);

-- Which process asks a provider whether it is well, and until when no other one may.
CREATE UNLOGGED TABLE probes (
    pool     text COLLATE "C" NOT NULL,
    provider text COLLATE "C" NOT NULL,
    node     text COLLATE "C" NOT NULL,
    until    timestamptz      NOT NULL,
    PRIMARY KEY (pool, provider)
);
