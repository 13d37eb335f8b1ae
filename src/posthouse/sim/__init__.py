"""The shipped routing in a made-up world: virtual time, providers that fail as a scenario says, a report.

Pure, as routing is: texts come in as text, chance as an argument, time from an agenda of its own.
"""
