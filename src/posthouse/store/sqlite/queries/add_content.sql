INSERT INTO contents (id, content)
VALUES (?, ?)
