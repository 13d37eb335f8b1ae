import msgspec
from typer.testing import CliRunner

from posthouse.cli.keys import as_digest, fresh_key, keys
from posthouse.config.values import Scalar, key


def test_a_new_key_is_told_with_the_digest_for_the_file() -> None:
    result = CliRunner().invoke(keys, ["new"])
    assert result.exit_code == 0
    (name, made), (other, digest) = (line.split() for line in result.stdout.splitlines())
    assert (name, other) == ("key", "digest")
    assert made.startswith("ph_")
    assert key(Scalar(made)) == key(Scalar(digest))


def test_as_json_the_same_is_told() -> None:
    answer = msgspec.json.decode(CliRunner().invoke(keys, ["new", "--json"]).stdout)
    assert set(answer) == {"key", "digest"}
    assert key(Scalar(answer["key"])) == key(Scalar(answer["digest"]))


def test_no_two_keys_are_the_same() -> None:
    made = {fresh_key().reveal() for _ in range(100)}
    assert len(made) == 100
    assert all(len(each) == len("ph_") + 43 for each in made)


def test_the_digest_does_not_tell_the_key() -> None:
    made = fresh_key()
    assert made.reveal() not in as_digest(made)


def test_wrong_use_exits_2() -> None:
    assert CliRunner().invoke(keys, ["old"]).exit_code == 2
