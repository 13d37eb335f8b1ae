import pytest

from posthouse.config.difference import changed, waits_for_restart
from tests.config.sample import SAMPLE, config

OTHER_KEY = SAMPLE.replace("${WEB_KEY}", "another-key-of-the-same-kind")


def test_the_same_configuration_is_not_different() -> None:
    assert changed(config(SAMPLE), config(SAMPLE)) == []


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("max_body_mb: 30", "max_body_mb: 20", "http.max_body_mb"),
        ("content: 7d", "content: 6d", "retention.content"),
        ("strategy: weighted", "strategy: score", "pools.example.com.strategy"),
        ("${WEB_KEY}", "another-key-of-the-same-kind", "pools.example.com.keys.web.key"),
        ("${SENDGRID_API_KEY}", "SG.other", "pools.example.com.providers.sendgrid.settings.api_key"),
        ("region: eu}", "region: us}", "pools.example.com.providers.mailgun.settings.region"),
    ],
)
def test_a_change_is_told_by_its_place(old: str, new: str, path: str) -> None:
    assert old in SAMPLE
    found = changed(config(SAMPLE), config(SAMPLE.replace(old, new)))
    assert [each.replace("[", ".") for each in found] == [path]


def test_what_is_told_holds_no_value() -> None:
    assert "another" not in str(changed(config(SAMPLE), config(OTHER_KEY)))


def test_what_came_and_what_went_is_told_by_name() -> None:
    more = SAMPLE.replace('admins: {ops: "${OPS_KEY}"}', 'admins: {root: "${OPS_KEY}"}')
    assert changed(config(SAMPLE), config(more)) == ["admins.ops", "admins.root"]


def test_what_a_running_process_cannot_change_waits() -> None:
    fixed = ["http.listen", "store", "smtp.listen", "workers", "log.format"]
    assert waits_for_restart([*fixed, "http.max_body_mb", "pools.example.com.strategy"]) == fixed
