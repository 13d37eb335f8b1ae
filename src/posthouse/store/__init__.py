"""The durable queue: one contract, told in `contract`; a dialect behind it."""
