-- The name of the key that handed the message in, where that key has a daily limit: so that it holds over restarts.
ALTER TABLE messages ADD COLUMN caller TEXT;
