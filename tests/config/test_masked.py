"""The file as it may be shown."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config.masked import MASK, masked, restored
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.providers.catalogue import SPECS
from tests.config.sample import ENV, NOW, SAMPLE

NAMES = st.text("abcdefghij", min_size=1, max_size=8)
SECRETS = st.text("xyz0123456789", min_size=8, max_size=20)


def test_no_secret_of_the_file_is_shown_and_references_are() -> None:
    text = SAMPLE.replace("${SENDGRID_API_KEY}", "CANARY-in-the-file").replace("${OPS_KEY}", "${OPS_KEY:-CANARY-too}")
    shown = masked(text, SPECS)
    assert "CANARY" not in str(shown)
    assert shown["pools"]["example.com"]["keys"]["web"] == "${WEB_KEY}"
    assert shown["pools"]["example.com"]["providers"]["sendgrid"]["api_key"] == MASK
    assert shown["admins"]["ops"] == MASK
    assert shown["store"] == MASK


def test_a_path_to_a_store_is_no_secret() -> None:
    assert masked("store: sqlite:///posthouse.db", SPECS) == {"store": "sqlite:///posthouse.db"}


@given(st.dictionaries(NAMES, SECRETS, min_size=1, max_size=4))
def test_every_key_is_hidden_and_comes_back(keys: dict[str, str]) -> None:
    document = {"pools": {"example.com": {"keys": keys, "providers": {"sandbox": {}}}}}
    text = msgspec.json.encode(document).decode()
    shown = masked(text, SPECS)
    assert set(shown["pools"]["example.com"]["keys"].values()) == {MASK}
    assert restored(shown, text) == document


def test_what_is_shown_of_the_sample_is_the_same_configuration_when_it_comes_back() -> None:
    whole = restored(masked(SAMPLE, SPECS), SAMPLE)
    assert isinstance(whole, dict)
    found = read(msgspec.json.encode(whole).decode(), ENV, SPECS, NOW)
    assert isinstance(found, Config), found
    assert found == read(SAMPLE, ENV, SPECS, NOW)
