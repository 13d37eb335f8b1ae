-- The processes that send, by the database's clock.
CREATE TABLE nodes (
    id      text COLLATE "C" PRIMARY KEY,
    seen_at timestamptz NOT NULL
);
