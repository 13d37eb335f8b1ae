"""The file as it may be shown."""

from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from posthouse.config.difference import changed
from posthouse.config.document import as_yaml
from posthouse.config.masked import MASK, masked, restored
from posthouse.config.problem import Problem
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
    assert msgspec.json.decode(back(shown, text)) == document


def test_what_is_shown_of_the_sample_is_the_same_configuration_when_it_comes_back() -> None:
    found = read(back(masked(SAMPLE, SPECS), SAMPLE), ENV, SPECS, NOW)
    assert isinstance(found, Config), found
    assert found == read(SAMPLE, ENV, SPECS, NOW)


UNQUOTED = """\
admins: {root: 424242424242, on: {key: 1.50}, off: {file: /run/secrets/off}}
http: {max_body_mb: 1e1, public_url: "https://ann:hunter2@mail.example.com"}
pools:
  example.com:
    keys: {num: 9876543210123, d: {key: 20261129, daily: 0x10}, dt: 2027-01-01, b: yes, on: onkey, 0x10: hexkey}
    open: yes
    providers:
      spare: {type: smtp, username: 0123, password: 31415926, host: h, verify: off, tags: [no, 0123, 1e3], timeout_s: 9}
      sendgrid: {api_key: 1_000, base_url: "https://user:p@ss/word@host.example/v3", weight: 0.70}
"""


def test_a_secret_that_looks_like_a_number_a_date_or_a_yes_is_hidden_too() -> None:
    shown = masked(UNQUOTED, SPECS)
    pool = shown["pools"]["example.com"]
    assert shown["admins"] == {"root": MASK, "on": {"key": MASK}, "off": {"file": "/run/secrets/off"}}
    names = ["num", "d", "dt", "b", "on", "0x10"]
    assert pool["keys"] == dict.fromkeys(names, MASK) | {"d": {"key": MASK, "daily": "0x10"}}
    assert pool["providers"]["spare"]["password"] == MASK
    assert pool["providers"]["sendgrid"]["api_key"] == MASK


def test_text_is_shown_as_it_is_written_and_numbers_as_the_field_reads_them() -> None:
    shown = masked(UNQUOTED, SPECS)
    assert shown["http"]["max_body_mb"] == 10.0
    assert shown["pools"]["example.com"]["open"] is True
    spare = shown["pools"]["example.com"]["providers"]["spare"]
    assert (spare["username"], spare["tags"]) == ("0123", ["no", "0123", "1e3"])
    assert (spare["verify"], repr(spare["timeout_s"])) == (False, "9")


def test_who_signs_in_by_a_url_is_hidden() -> None:
    shown = masked(UNQUOTED, SPECS)
    assert shown["http"]["public_url"] == f"https://{MASK}@mail.example.com"
    sendgrid = shown["pools"]["example.com"]["providers"]["sendgrid"]
    assert sendgrid["base_url"] == f"https://{MASK}@host.example/v3"


def test_whatever_is_shown_comes_back_as_the_same_configuration(tmp_path: Any) -> None:
    (tmp_path / "off").write_text("a-key-in-a-file")
    text = UNQUOTED.replace("/run/secrets/off", str(tmp_path / "off")).replace("daily: 0x10", "daily: 16")
    text = text.replace("p@ss/word", "p%40ss")
    before, after = (read(each, {}, SPECS, NOW) for each in (text, back(masked(text, SPECS), text)))
    assert isinstance(before, Config), before
    assert isinstance(after, Config), after
    assert changed(before, after) == []


@pytest.mark.parametrize(
    "text",
    [
        "admins2: {x: hunter2}",
        "admins: [hunter2]",
        "admins: hunter2",
        "admins: {ops: [hunter2]}",
        "admins: {ops: {file: {hunter2: x}}}",
        "admins: {ops: {kye: hunter2}}",
        "store: [hunter2]",
        "admins: {ops: 'sqlite:///hunter2'}",
        "pools: {example.com: {keys: [hunter2]}}",
        "pools: {example.com: {keys: {web: {key: {a: hunter2}}}}}",
        "pools: {example.com: {providers: {sendgrid: {api_kye: hunter2}}}}",
        "pools: {example.com: {providers: {sendgrid: hunter2}}}",
        "pools: {example.com: {providers: {mine: {type: nothing, api_key: hunter2}}}}",
        "pools: {example.com: {providers: {mine: {type: '${TYPE}', password: hunter2}}}}",
        "web: [hunter2]",
        "web: !x hunter2",
        "hunter2",
        "[hunter2",
    ],
)
def test_what_no_setting_expects_is_hidden(text: str) -> None:
    assert "hunter2" not in str(masked(text, SPECS))


def test_a_type_that_is_a_reference_hides_what_is_secret_for_any_and_comes_back() -> None:
    text = SAMPLE.replace("type: smtp", 'type: "${TYPE}", connections: 4')
    shown = masked(text, SPECS)
    assert shown["pools"]["example.com"]["providers"]["spare"]["connections"] == 4
    env = {**ENV, "TYPE": "smtp"}
    assert read(back(shown, text), env, SPECS, NOW) == read(text, env, SPECS, NOW)


def test_a_mask_in_yaml_is_replaced_where_it_stands_and_nothing_else_is_touched() -> None:
    sent = (
        'admins: {ops: "********"}  # as bef\u00f6re\nhttp: {public_url: https://********@h}\nlog: {successes: 010}\n'
    )
    was = "admins: {ops: yes}\nhttp: {public_url: https://a:b@g}\n"
    expected = 'admins: {ops: "yes"}  # as bef\u00f6re\nhttp: {public_url: "https://a:b@h"}\nlog: {successes: 010}\n'
    assert restored(sent, was) == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ('a: &k "********"\nb: *k\n', 'a: &k "it"\nb: *k\n'),
        ("a: !!str '********'\nb: 1\n", 'a: !!str "it"\nb: 1\n'),
        ("a: !!str &k\n  '********'\nb: *k\n", 'a: !!str &k\n  "it"\nb: *k\n'),
        ("{a: &k # one\n '********', b: *k}\n", '{a: &k # one\n "it", b: *k}\n'),
        ("a: |\n  ********\nb: 1\n", 'a: "it"\nb: 1\n'),
        ("a: |\r\n  ********\r\nb: 1\r\n", 'a: "it"\r\nb: 1\r\n'),
        ("a: >-\n  ********\n\n# more\nb: 1\n", 'a: "it"\n\n# more\nb: 1\n'),
        ("a: |+\n  ********\n\n\nb: 1\n", 'a: "it"\n\n\nb: 1\n'),
        ("a: &k |2- # one\n  ********\nb: *k\n", 'a: &k "it" # one\nb: *k\n'),
        ("a: | # one\u2028  ********\u2028b: 1\n", 'a: "it" # one\u2028b: 1\n'),
        ("a: &k !!str\n  >\n  ********\n  \nb: 1\n", 'a: &k !!str\n  "it"\nb: 1\n'),
        ("a: |\n  ********", 'a: "it"'),
        ("a: |-\n  ********\n...\n", 'a: "it"\n...\n'),
        ("\ufeffa: '********'\nb: '********'\n", 'a: "it"\nb: "that"\n'),
    ],
)
def test_an_anchor_a_tag_and_the_end_of_a_block_stay_where_a_mask_was(sent: str, expected: str) -> None:
    assert restored(sent, "a: it\nb: that\n") == expected


@pytest.mark.parametrize(
    ("sent", "expected"),
    [
        ("a: &k |-\n  https://********@h\nb: *k\n", 'a: &k "https://ann:pass@h"\nb: *k\n'),
        ("a: &k https://********@h   # one\nb: *k\n", 'a: &k "https://ann:pass@h"   # one\nb: *k\n'),
        ("{a: !!str https://********@h , b: 1}", '{a: !!str "https://ann:pass@h" , b: 1}'),
        ("a: https://********@h\n  /b\n\n# two\n", 'a: "https://ann:pass@h /b"\n\n# two\n'),
    ],
)
def test_a_mask_in_a_url_is_replaced_however_it_is_written(sent: str, expected: str) -> None:
    assert restored(sent, "a: https://ann:pass@g\n") == expected


PROPERTIES = ["", "&{name} ", "!!str ", "&{name} !!str ", "!!str &{name}\n    ", "&{name} # kept\n    "]
QUOTED = ['"********"', "'********'", '"****\\\n    ****"']
BLOCKS = [
    "|\n    ********",
    "|-\n    ********",
    ">\n    ********\n",
    "|+ # kept\n    ********\n\n",
    ">4-\n      ********",
]


@given(st.data(), st.dictionaries(NAMES, st.text(min_size=1, max_size=12), min_size=1, max_size=5))
def test_yaml_comes_back_with_its_secrets_however_it_is_written(data: st.DataObject, secrets: dict[str, str]) -> None:
    flow, line_end = data.draw(st.booleans()), data.draw(st.sampled_from(["\n", "\r\n"]))
    entries, again = [], []
    for name in secrets:
        before = data.draw(st.sampled_from(PROPERTIES)).format(name=name)
        entries.append(f"{name}: {before}{data.draw(st.sampled_from(QUOTED if flow else QUOTED + BLOCKS))}")
        again += [name] if "&" in before else []
    keys = "{" + " , # kept\n  ".join(entries) + "}" if flow else "\n  " + "\n  # kept\n  ".join(entries)
    aliases = ", ".join(f"{name}: *{name}" for name in again)
    sent = f"# kept\nkeys: {keys}\nagain: {{{aliases}}} # kept\n".replace("\n", line_end)
    found = restored(sent, as_yaml(msgspec.json.encode({"keys": secrets}).decode()))
    assert isinstance(found, str), found
    assert yaml.safe_load(found) == {"keys": secrets, "again": {name: secrets[name] for name in again}}
    assert found.count("# kept" + line_end) == sent.count("# kept" + line_end)
    assert found.count("\n") == found.count(line_end)


@pytest.mark.parametrize(
    ("sent", "was"),
    [
        ('{"admins": {"ops": "********"}}', "admins: {other: x}"),
        ("admins:\n  ops: |\n    ********\n", "admins: {other: x}"),
        ('{"admins": {"ops": "********"}}', "admins: {ops: }"),
        ('{"admins": {"ops": "********"}}', "admins: {ops: {key: x}}"),
        ('{"admins": {"ops": "********"}}', "[broken"),
        ('{"admins": {"ops": "https://********@h"}}', "admins: {ops: https://h}"),
    ],
)
def test_a_mask_where_no_secret_was_is_a_problem(sent: str, was: str) -> None:
    assert restored(sent, was) == [
        Problem("admins.ops", None, "expected the secret itself: there was none here before")
    ]


def test_a_thousand_million_aliases_are_looked_at_once() -> None:
    rows = ["a0: &a0 ['********']", *(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 25))]
    found = restored("\n".join(rows), "a0: [secret]")
    assert isinstance(found, str)
    assert found.startswith('a0: &a0 ["secret"]')


def back(shown: Any, text: str) -> str:
    """What is written when it is sent back as it was shown."""
    found = restored(msgspec.json.encode(shown).decode(), text)
    assert isinstance(found, str), found
    return found
