import copy
import json
import logging
import pickle
from hashlib import sha256
from typing import Any

import msgspec
import pytest

from posthouse.secret import Secret

CANARY = "CANARY-open-sesame"
SECRET = Secret(CANARY)


class Settings(msgspec.Struct):
    key: Secret


SHOWN: list[Any] = [
    repr(SECRET),
    str(SECRET),
    f"{SECRET}",
    f"{SECRET!r:>40}",
    f"{SECRET:>40}",
    "%s %r" % (SECRET, SECRET),  # noqa: UP031  the way of logging
    "{}".format(SECRET),  # noqa: UP032
    repr([SECRET]),
    repr({"key": SECRET}),
    repr(Settings(SECRET)),
    logging.makeLogRecord({"msg": "%s", "args": (SECRET,)}).getMessage(),
]


@pytest.mark.parametrize("shown", SHOWN)
def test_however_it_is_shown_it_is_not_seen(shown: str) -> None:
    assert CANARY not in shown
    assert "***" in shown


def test_there_is_one_way_in() -> None:
    assert SECRET.reveal() == CANARY
    assert SECRET.digest() == sha256(CANARY.encode()).digest()


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_it_is_not_pickled_or_copied(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(SECRET, protocol)
    with pytest.raises(TypeError):
        copy.copy(SECRET)
    with pytest.raises(TypeError):
        copy.deepcopy({"key": SECRET})


def test_it_is_not_written_as_json() -> None:
    for write in (json.dumps, msgspec.json.encode, msgspec.msgpack.encode):
        with pytest.raises(TypeError) as error:
            write(Settings(SECRET) if write is not json.dumps else {"key": SECRET})
        assert CANARY not in str(error.value)


def test_secrets_are_equal_when_their_values_are() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    assert len({Secret("a"), Secret("a"), Secret("b")}) == 2


def test_an_empty_one_is_none() -> None:
    assert Secret("a")
    assert not Secret("")


def test_it_has_no_other_attributes_to_be_seen_by() -> None:
    assert not hasattr(SECRET, "__dict__")
