"""What a running Posthouse says of itself: lines of a log, faults to Sentry, spans to OpenTelemetry.

Nothing that is said holds content, addresses or keys. line.py says, sampler.py leaves out, outlet.py writes; trace.py
is what follows a message from the door to its last attempt. sentry.py and otel.py send, where the environment asks.
"""

from posthouse.telemetry.line import FIELDS, finish, log, set_up, success, warn

__all__ = ["FIELDS", "finish", "log", "set_up", "success", "warn"]
