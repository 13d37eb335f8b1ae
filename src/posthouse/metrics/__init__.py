"""What Posthouse counts of itself. Counting is plain integers on the way of a message; names, sums over processes and
text are made when somebody asks.

described.py names every metric; tally.py counts; standing.py reads what the boards know; snapshot.py is the value that
a process gives away, and how several become one; render.py writes it as Prometheus reads it; reference.py as people do.
"""
