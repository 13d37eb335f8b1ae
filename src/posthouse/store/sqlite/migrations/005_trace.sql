-- What the message's log lines and spans are found by: the id of the request that handed it in and, where it is traced, the
-- W3C traceparent that its attempts go on from.
ALTER TABLE messages ADD COLUMN trace TEXT;
