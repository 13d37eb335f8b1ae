"""What may be written and is not in force in this version.

It is said aloud: a limit that does not hold is worse than none.
"""

from collections.abc import Iterator

from posthouse.config.schema import Config


def unenforced(config: Config) -> Iterator[str]:
    """A sentence for each setting that was written and has no effect yet."""
    if config.http.public_url is not None:
        yield "http.public_url: no answer holds a whole address yet, and webhooks are not built; nothing uses it"
    if config.smtp is not None:
        yield "smtp: the SMTP door is not built yet; nothing listens there"
