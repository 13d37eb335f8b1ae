-- Which of the given leases still hold: their places in the list.
WITH given (place, id, fence) AS (
VALUES (?, ?, ?)
)
SELECT json_group_array(place)
FROM given CROSS JOIN messages USING (id, fence)
WHERE lease_until IS NOT NULL
