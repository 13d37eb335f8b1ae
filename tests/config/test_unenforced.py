"""What is written and not in force is said."""

from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.config.unenforced import unenforced
from posthouse.providers.catalogue import SPECS
from tests.config.sample import NOW

WRITTEN = """
http: {public_url: "https://mail.example.com"}
smtp: {listen: "127.0.0.1:2525"}
pools:
  example.com:
    keys: {web: abc}
    providers: {sandbox: {}}
"""


def config(text: str) -> Config:
    found = read(text, {}, SPECS, NOW)
    assert isinstance(found, Config), found
    return found


def test_each_setting_that_has_no_effect_yet_is_named() -> None:
    named = [note.partition(": ")[0] for note in unenforced(config(WRITTEN))]
    assert named == ["http.public_url", "smtp"]


def test_what_is_not_written_is_not_named() -> None:
    assert list(unenforced(config("pools: {example.com: {keys: {web: abc}, providers: {sandbox: {}}}}"))) == []
