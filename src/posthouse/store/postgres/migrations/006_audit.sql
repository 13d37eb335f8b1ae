-- compatible-since: itself
-- The first one that says so: older versions cannot read it. See docs/upgrading.md.

-- The twin of sqlite/migrations/004_audit.sql.
CREATE TABLE audit (
    number  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at      double precision NOT NULL,
    what    text COLLATE "C" NOT NULL,
    kind    text COLLATE "C" NOT NULL,
    name    text COLLATE "C",
    address text COLLATE "C",
    pool    text COLLATE "C",
    subject text COLLATE "C",
    reason  text COLLATE "C",
    before  text COLLATE "C",
    after   text COLLATE "C",
    once    text COLLATE "C" UNIQUE
);

CREATE INDEX audit_at ON audit (at);

CREATE TABLE restores (
    number      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    copied_at   double precision,
    restored_at double precision NOT NULL
);

CREATE TABLE in_doubt (
    id     text COLLATE "C" PRIMARY KEY,
    pool   text COLLATE "C" NOT NULL,
    status text COLLATE "C" NOT NULL,
    due_at double precision NOT NULL
);
