"""What providers say about the DNS of a domain that sends through them, where their API does not tell it."""

from typing import Final

import msgspec


class Known(msgspec.Struct, frozen=True):
    """include: what SPF of a return path at one's own domain must include; None: a CNAME of theirs holds all of it.

    selectors: of DKIM, unless the operator chose others. dmarc: whether it sends nothing without a DMARC policy.
    link: where the provider says so.
    """

    include: str | None
    selectors: tuple[str, ...]
    link: str
    dmarc: bool = False


KNOWN: Final[dict[str, Known]] = {
    "mailgun": Known(
        "mailgun.org", (), "documentation.mailgun.com/docs/mailgun/api-reference/openapi-final/tag/Domains"
    ),
    "mandrill": Known(
        None,
        ("mte1", "mte2"),
        "mailchimp.com/developer/transactional/docs/authentication-delivery",
        dmarc=True,
    ),
    "sendgrid": Known(
        None,
        ("s1", "s2"),
        "twilio.com/docs/sendgrid/ui/account-and-settings/how-to-set-up-domain-authentication",
    ),
    "ses": Known("amazonses.com", (), "docs.aws.amazon.com/ses/latest/dg/send-email-authentication-spf.html"),
}
"""By type of provider; checked 2026-11."""
