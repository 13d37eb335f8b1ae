"""What the audit says of a configuration that takes the place of another."""

from posthouse.config.changes import changes
from posthouse.config.difference import changed
from posthouse.store.values import Change, Who
from tests.config.sample import SAMPLE, config

WHO = Who("admin", "ops")


def told(now: str, before: str = SAMPLE, once: str | None = None) -> list[Change]:
    one, other = config(before), config(now)
    return changes(one, other, changed(one, other), [], 7.0, WHO, once)


def keys(now: str, before: str = SAMPLE) -> list[Change]:
    return [change for change in told(now, before) if change.what == "key"]


def test_what_is_the_same_is_not_told() -> None:
    assert told(SAMPLE) == []


def test_a_setting_is_told_by_its_place() -> None:
    [change] = told(SAMPLE.replace("content: 7d", "content: 6d"))
    assert change == Change(
        7.0, "configuration", WHO, after={"changed": ["retention.content"], "waits_for_restart": []}
    )


def test_a_key_that_came_and_one_that_went_are_told_by_pool_and_name() -> None:
    [went, came] = keys(SAMPLE.replace('web: "${WEB_KEY}"', 'shop: "${WEB_KEY}"'))
    assert (went.pool, went.subject, went.after) == ("example.com", "web", None)
    assert (came.pool, came.subject, came.before) == ("example.com", "shop", None)
    assert went.before["key"] == came.after["key"] == "********"


def test_a_key_that_is_another_one_under_the_same_name_says_so_and_shows_neither() -> None:
    [change] = keys(SAMPLE.replace("${WEB_KEY}", "another-key-of-the-same-kind"))
    assert (change.before["key"], change.after["key"]) == ("********", "replaced")
    assert "another" not in str(change)


def test_when_a_key_expires_is_told() -> None:
    until = SAMPLE.replace('web: "${WEB_KEY}"', 'web: {key: "${WEB_KEY}", expires: 2027-01-01, rate: 5/s}')
    [change] = keys(until)
    assert change.before["expires"] is None
    assert change.after == {
        "key": "********",
        "mode": "live",
        "redirect": None,
        "allow": [],
        "rate": "5 in 1 s",
        "daily": None,
        "expires": "2027-01-01T00:00:00.000Z",
    }


def test_an_administrators_key_is_of_no_pool() -> None:
    [went, came] = keys(SAMPLE.replace('admins: {ops: "${OPS_KEY}"}', 'admins: {root: "${OPS_KEY}"}'))
    assert (went.pool, went.subject, came.pool, came.subject) == (None, "ops", None, "root")


def test_changes_that_several_see_have_names_of_their_own() -> None:
    found = told(SAMPLE.replace("${WEB_KEY}", "another-key-of-the-same-kind"), once="this file")
    assert [change.once for change in found] == ["this file 0", "this file 1"]
