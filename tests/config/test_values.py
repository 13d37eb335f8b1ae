import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config import values
from posthouse.config.values import LEAVES, Digest, Endpoint, Leaf, Scalar, Store
from posthouse.mail.message import Address
from posthouse.mail.problem import Flaw
from posthouse.routing.rules import Rate
from posthouse.secret import Secret


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("30s", 30),
        ("0s", 0),
        ("5m", 300),
        ("1h30m", 5400),
        ("24h", 86400),
        ("7d", 604800),
        ("2w", 1209600),
        ("1.5h", 5400),
    ],
)
def test_a_duration_has_a_unit(text: str, seconds: float) -> None:
    assert values.duration(Scalar(text)) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "m", "-5m", "5M", "5y", "1e3s", ".5h", "5m!"])
def test_what_has_no_unit_is_no_duration(text: str) -> None:
    assert values.duration(Scalar(text)) is None


@pytest.mark.parametrize(
    ("text", "rate"),
    [
        ("14/s", Rate(14, 1)),
        ("100/m", Rate(100, 60)),
        ("5000 / h", Rate(5000, 3600)),
        ("1/d", Rate(1, 86400)),
    ],
)
def test_a_rate_counts_by_time(text: str, rate: Rate) -> None:
    assert values.rate(Scalar(text)) == rate


@pytest.mark.parametrize("text", ["", "14", "0/s", "-1/s", "1.5/s", "14/y", "14/", "/s", "14/s/s"])
def test_what_counts_nothing_is_no_rate(text: str) -> None:
    assert values.rate(Scalar(text)) is None


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("2027-01-01", 1798761600),
        ("2027-01-01T12:00:00Z", 1798804800),
        ("2027-01-01 12:00:00", 1798804800),
        ("2027-01-01t12:00:00.5+02:00", 1798797600.5),
    ],
)
def test_an_instant_is_utc_unless_it_says_otherwise(text: str, instant: float) -> None:
    assert values.instant(Scalar(text)) == instant


@pytest.mark.parametrize(
    "text", ["", "2027", "20270101", "2027-13-01", "2027-01-01T25:00:00Z", "2027-W01-1", "0000-01-01"]
)
def test_what_the_calendar_lacks_is_no_instant(text: str) -> None:
    assert values.instant(Scalar(text)) is None


@pytest.mark.parametrize(
    ("text", "endpoint"),
    [
        ("127.0.0.1:8080", Endpoint("127.0.0.1", 8080)),
        ("localhost:0", Endpoint("localhost", 0)),
        ("[::1]:25", Endpoint("::1", 25)),
        (":8080", Endpoint("0.0.0.0", 8080)),
        ("*:8080", Endpoint("0.0.0.0", 8080)),
    ],
)
def test_an_endpoint_is_host_and_port(text: str, endpoint: Endpoint) -> None:
    assert values.endpoint(Scalar(text)) == endpoint


@pytest.mark.parametrize(
    "text", ["", "8080", "localhost", "::1:80", "a b:80", "host:65536", "host:-1", "[]:80", "http://h:80"]
)
def test_what_lacks_host_or_port_is_no_endpoint(text: str) -> None:
    assert values.endpoint(Scalar(text)) is None


def test_an_endpoint_is_shown_as_it_is_written() -> None:
    for text in ("127.0.0.1:8080", "[::1]:25"):
        assert str(values.endpoint(Scalar(text))) == text


@pytest.mark.parametrize(
    ("text", "url"),
    [("https://mail.example.com/", "https://mail.example.com"), ("http://127.0.0.1:80/x", "http://127.0.0.1:80/x")],
)
def test_a_url_has_a_host(text: str, url: str) -> None:
    assert values.url(Scalar(text)) == url


@pytest.mark.parametrize(
    "text", ["", "mail.example.com", "ftp://h", "https://", "https://h:x", "https://h/?a=b", "https://h\n"]
)
def test_what_is_no_page_of_the_web_is_no_url(text: str) -> None:
    assert values.url(Scalar(text)) is None


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("*", True),
        ("https://app.example.com", True),
        ("http://localhost:3000", True),
        ("https://app.example.com/", False),
        ("app.example.com", False),
        ("https://user@app.example.com", False),
    ],
)
def test_an_origin_is_what_a_browser_sends(text: str, fits: bool) -> None:
    assert (values.origin(Scalar(text)) is not None) is fits


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("Example.COM", "example.com"),
        ("bücher.example.com", "xn--bcher-kva.example.com"),
        ("localhost", None),
        ("a b.c", None),
    ],
)
def test_a_domain_is_kept_in_its_ascii_form(text: str, domain: str | None) -> None:
    assert values.domain(Scalar(text)) == domain


def test_an_address_is_judged_where_all_addresses_are() -> None:
    assert values.mailbox(Scalar("Ann <ann@example.com>")) == Address("ann@example.com", "Ann")
    assert isinstance(values.mailbox(Scalar("ann")), Flaw)


@pytest.mark.parametrize(
    ("text", "place", "path"),
    [
        ("sqlite:///posthouse.db", "sqlite:///posthouse.db", "posthouse.db"),
        ("sqlite:////var/lib/posthouse.db", "sqlite:////var/lib/posthouse.db", "/var/lib/posthouse.db"),
        ("postgresql://u:CANARY@db.example.net:5432/mail?sslmode=require", "postgresql://db.example.net:5432/mail", ""),
        (
            "postgres://u:CAN@ARY@a.example.net,b.example.net:1/mail",
            "postgresql://a.example.net,b.example.net:1/mail",
            "",
        ),
        ("postgresql://u:CANARY@[::1]/mail", "postgresql://[::1]/mail", ""),
        ("postgresql:///mail?host=/run", "postgresql:///mail", ""),
    ],
)
def test_a_store_is_shown_without_its_password(text: str, place: str, path: str) -> None:
    store = values.store(Scalar(text))
    assert isinstance(store, Store)
    assert (store.place, store.path, store.url) == (place, path, Secret(text))
    assert "CANARY" not in repr(store)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "posthouse.db",
        "sqlite:///",
        "sqlite://posthouse.db",
        "sqlite:///:memory:",
        "sqlite:///dir/",
        "mysql://h/d",
        "postgresql://",
        "postgresql://h",
        "postgresql://u:CAN/ARY@h/d",
        "postgresql://u:1/ARY@h/d",
        "postgresql://u:p#ARY@h/d",
        "postgresql://[::1/d",
    ],
)
def test_what_is_no_store_is_refused(text: str) -> None:
    assert values.store(Scalar(text)) is None


def test_a_secret_loses_the_line_break_at_its_end_and_nothing_else() -> None:
    assert values.secret(Scalar(" a b \r\n")) == Secret(" a b ")
    assert values.secret(Scalar("\n")) is None


def test_a_key_is_kept_as_its_digest() -> None:
    digest = values.key(Scalar("a-key\n"))
    assert digest == Secret("a-key").digest()
    assert values.key(Scalar(f"SHA256:{Secret('a-key').digest().hex()}")) == digest
    assert repr(digest) == str(digest) == "Digest(***)"


@pytest.mark.parametrize("text", ["", "a key", "a\tkey", "sha256:", "sha256:" + "g" * 64, "sha256:" + "a" * 63])
def test_what_cannot_be_sent_as_a_key_is_none(text: str) -> None:
    assert values.key(Scalar(text)) is None


def test_a_file_must_be_there_and_be_a_file(tmp_path: Path) -> None:
    file = tmp_path / "cert.pem"
    file.write_text("x")
    assert values.readable(Scalar(str(file))) == file
    assert values.readable(Scalar(str(tmp_path))) is None
    assert values.readable(Scalar(str(tmp_path / "gone"))) is None


def test_a_number_in_quotes_is_text() -> None:
    for parse in (values.whole, values.number, values.boolean):
        assert parse(Scalar("1" if parse is not values.boolean else "true", quoted=True)) is None


LEAF_KINDS = [
    *LEAVES.values(),
    *(value.__metadata__[0] for value in vars(values).values() if hasattr(value, "__metadata__")),
]


@pytest.mark.parametrize("leaf", LEAF_KINDS, ids=lambda leaf: leaf.expected)
@given(text=st.text(max_size=40), quoted=st.booleans())
def test_any_text_is_a_value_or_none(leaf: Leaf, text: str, quoted: bool) -> None:
    found = leaf.parse(Scalar(text, quoted))
    assert not isinstance(found, float) or math.isfinite(found)
    assert not isinstance(found, Digest) or len(found) == 32
