"""What a message is, and what can happen to one. Pure: no I/O, no clock, no chance."""
