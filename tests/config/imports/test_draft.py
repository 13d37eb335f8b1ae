import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from posthouse.config.imports import Draft, written
from posthouse.config.imports.draft import Fresh, Line, Pool, Provider, Reference, Taken, text
from tests.config.imports.drafts import accepted, secrets

WORDS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)


def one(key: Reference | Taken, *notes: str) -> Draft:
    provider = Provider("sendgrid", (Line("api_key", key, "why " * 40),))
    return Draft("somebody", (Pool("example.com", (Line("web", Fresh("k")),), (), (provider,)),), notes)


@example("a ${NAME} and $${x")
@given(WORDS)
def test_a_secret_is_read_as_it_was_written(secret: str) -> None:
    kept = secret.rstrip("\r\n")
    if kept:
        assert list(secrets(accepted(one(Taken(kept))))) == [kept]


@example("a ${NAME} and $${x")
@given(WORDS)
def test_a_word_means_itself(word: str) -> None:
    assert yaml.load(text(word), Loader=yaml.BaseLoader) == word.replace("${", "$${")


@example("a ${NAME} and $${x")
@given(WORDS)
def test_a_note_never_leaves_its_comment(note: str) -> None:
    clean = " ".join("".join(c if c.isprintable() else " " for c in note).split())
    accepted(one(Taken("x"), clean))


def test_what_is_a_reference_stays_one() -> None:
    assert '"${NAME}"' in written(one(Reference("NAME")))


def test_a_secret_shows_in_no_representation() -> None:
    assert "CANARY" not in repr(one(Taken("CANARY"))) + repr(Fresh("CANARY"))


def test_lines_are_short_enough_to_read() -> None:
    assert max(map(len, written(one(Taken("x"), "word " * 100)).splitlines()[:20])) <= 120
