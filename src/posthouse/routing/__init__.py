"""Who carries a message next, and what we learn from each answer. Pure: the server and a simulation share it."""
