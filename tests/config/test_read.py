import re
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from posthouse.config.pool import ProbeMail
from posthouse.config.problem import Problem
from posthouse.config.read import read
from posthouse.config.schema import Config
from posthouse.config.values import Digest, Endpoint
from posthouse.mail.message import Address
from posthouse.routing.rules import Rate
from posthouse.secret import Secret
from tests.config.providers import SPECS, DomainSettings, SmtpSettings
from tests.config.sample import ENV, MINIMAL, NOW, SAMPLE, answer, config, pool, problems, the_problem


def test_everything_that_can_be_written_is_read() -> None:
    found = config(SAMPLE)
    assert found.http.listen == Endpoint("127.0.0.1", 8080)
    assert found.http.public_url == "https://mail.example.com"
    assert found.smtp is not None
    assert found.smtp.listen == Endpoint("127.0.0.1", 2525)
    assert (found.store.dialect, found.workers, found.mode) == ("postgresql", 4, "file")
    assert found.admins["ops"].digest == Secret("CANARY-ops").digest()
    assert (found.retention.content_s, found.retention.records_s) == (7 * 86400, 90 * 86400)

    example = found.pools["example.com"]
    assert example.name == "example.com"
    assert example.keys["web"].digest == Secret("CANARY-web").digest()
    app = example.keys["app"]
    assert (app.name, app.mode, app.redirect, app.allow) == (
        "app",
        "sandbox",
        Address("me@example.com"),
        ("*@example.com",),
    )
    assert (app.rate, app.daily, app.expires) == (Rate(50, 1.0), 9, None)
    assert example.default_from == Address("no-reply@example.com", "Example")
    assert (example.strategy, example.failover, example.on_unsure) == ("weighted", "all", "failover")
    assert example.retry.give_up_after_s == 86400
    assert example.breaker.probe == "check"
    assert (example.classes["otp"].lane, example.classes["otp"].expires_in_s) == ("critical", 300)

    sendgrid, mailgun, spare = example.providers.values()
    assert (sendgrid.name, sendgrid.type, sendgrid.order, sendgrid.weight, sendgrid.score) == (
        "sendgrid",
        "sendgrid",
        1,
        0.7,
        50.0,
    )
    assert mailgun.settings == DomainSettings(api_key=Secret("CANARY-mailgun"), domain="mg.example.com", region="eu")
    assert (spare.name, spare.type, spare.order, spare.tags) == ("spare", "smtp", 3, ("eu",))
    assert isinstance(spare.settings, SmtpSettings)


def test_the_defaults_are_the_documented_ones() -> None:
    found = config(MINIMAL)
    assert found.http.listen == Endpoint("127.0.0.1", 8080)
    assert (found.http.public_url, found.http.max_body_bytes, found.http.cors_origins) == (None, 30 * 1024 * 1024, ())
    assert (found.smtp, found.workers, found.health_scope, found.reveal_keys) == (None, 1, "cluster", False)
    assert (found.store.dialect, found.store.path) == ("sqlite", "posthouse.db")
    example = found.pools["example.com"]
    assert (example.open, example.sender, example.strategy) == (False, "pool_domain", "priority")
    breaker, retry = example.breaker, example.retry
    assert (breaker.failures, breaker.rate, breaker.window_s, breaker.min_calls) == (5, 0.5, 30.0, 20)
    assert (breaker.probe, breaker.probe_every_s) == ("check", 5.0)
    assert (retry.first_s, retry.factor, retry.max_s, retry.give_up_after_s) == (5.0, 2.0, 3600.0, 86400.0)
    entry = example.providers["sandbox"]
    assert (entry.enabled, entry.order, entry.weight, entry.score, entry.rate) == (True, 1, 1.0, 50.0, None)


@pytest.mark.parametrize(
    ("text", "path", "line", "message"),
    [
        ("pools: {}\nhttpp: {}\n", "httpp", 2, "unknown setting: did you mean http?"),
        (pool("stratgy: score"), "pools.example.com.stratgy", 6, "unknown setting: did you mean strategy?"),
        (pool("strategy: best"), "pools.example.com.strategy", 6, "expected priority, weighted or score"),
        (pool("open: maybe"), "pools.example.com.open", 6, "expected true or false"),
        (pool("failover: 0"), "pools.example.com.failover", 6, "expected a whole number of at least 1 or all"),
        (pool("failover: [all]"), "pools.example.com.failover", 6, "found a list"),
        (pool("breaker: 5"), "pools.example.com.breaker", 6, "expected a mapping, found text"),
        (pool("breaker: {rate: 1.5}"), "pools.example.com.breaker.rate", 6, "a number above 0 and at most 1"),
        (pool("breaker: {probe: now}"), "pools.example.com.breaker.probe", 6, "expected check, traffic or a mapping"),
        (pool("breaker: {probe: {to: me}}"), "pools.example.com.breaker.probe.to", 6, "expected one address"),
        (pool("retry: {give_up_after: 24}"), "pools.example.com.retry.give_up_after", 6, "a duration such as"),
        (pool("classes:\n  otp: {lane: fast}"), "pools.example.com.classes.otp.lane", 7, "critical, normal or bulk"),
        (pool("classes:\n  otp: {require_tags: eu}"), "pools.example.com.classes.otp.require_tags", 7, "a list"),
        (pool("default_from: nobody"), "pools.example.com.default_from", 6, "expected one address"),
        (MINIMAL + "workers: many\n", "workers", 6, "expected a whole number from 1 to 1024 or auto"),
        (MINIMAL + "workers: 2.0\n", "workers", 6, "expected a whole number"),
        (MINIMAL + 'workers: "2"\n', "workers", 6, "expected a whole number"),
        (MINIMAL + "http: {listen: localhost}\n", "http.listen", 6, "HOST:PORT"),
        (MINIMAL + "http:\n  cors_origins:\n    - https://a.example.com/x\n", "http.cors_origins[0]", 8, "an origin"),
        (MINIMAL + "smtp: {tls: {cert: /no/such, key: /no/such2}}\n", "smtp.tls.cert", 6, "a file that can be read"),
        (MINIMAL + "store: mysql://db/x\n", "store", 6, "sqlite:///PATH or postgresql://"),
        (MINIMAL + "retention: {content: !!str 7d}\nhttp: !x {}\n", "http", 7, "without a YAML tag"),
        (MINIMAL + "workers: 1\nworkers: 1\n", "workers", 7, "given twice: first on line 6"),
        (MINIMAL + "admins: {ops: 'sha256:abc'}\n", "admins.ops", 6, "sha256: and 64 hexadecimal digits"),
        (MINIMAL + "admins: {ops: }\n", "admins.ops", 6, "found nothing"),
        (MINIMAL + "admins: {ops: a key}\n", "admins.ops", 6, "text without spaces"),
        (MINIMAL + "admins: {'o p s': x}\n", "admins.o p s", 6, "a name of letters"),
        (MINIMAL + "admins: [x]\n", "admins", 6, "expected a mapping, found a list"),
        (MINIMAL + "? [a]\n: x\n", "", 6, "expected a name as the key"),
        ("http: {}\n", "pools", 1, "required: expected a mapping"),
        ("pools: {}\n", "pools", 1, "expected a mapping of at least 1 entry"),
        ("- pools\n", "", 1, "expected a mapping, found a list"),
        ("pools\n", "", 1, "expected a mapping, found text"),
    ],
)
def test_a_mistake_is_told_with_its_path_and_line(text: str, path: str, line: int, message: str) -> None:
    found = [problem for problem in problems(text) if problem.path == path]
    assert len(found) == 1
    assert found[0].line == line
    assert message in found[0].message


@pytest.mark.parametrize(
    ("entry", "path", "message"),
    [
        ("sendgird: {api_key: x}", ".sendgird", "not the type of a provider: did you mean sendgrid?"),
        ("one: {type: sendgird}", ".one.type", "did you mean sendgrid?"),
        ("one: {type: pigeon}", ".one.type", "expected mailgun, sandbox, sendgrid or smtp"),
        ("sendgrid: {}", ".sendgrid.api_key", "required: expected a secret"),
        ("sendgrid:", ".sendgrid.api_key", "required: expected a secret"),
        ('sendgrid: {api_key: ""}', ".sendgrid.api_key", "required: expected a secret"),
        ("sendgrid: {apikey: x, api_key: y}", ".sendgrid.apikey", "unknown setting: did you mean api_key?"),
        ("sendgrid: {api_key: [x]}", ".sendgrid.api_key", "expected a secret: text, or {file: PATH}, found a list"),
        ("sendgrid: {api_key: {path: x}}", ".sendgrid.api_key", "found a mapping"),
        ("sendgrid: {api_key: {file: /no/such}}", ".sendgrid.api_key", "cannot be read: No such file"),
        ("sendgrid: {api_key: {file: /}}", ".sendgrid.api_key", "cannot be read"),
        ("sendgrid: {api_key: {file: [x]}}", ".sendgrid.api_key", "expected text, found a list"),
        ("sendgrid: x", ".sendgrid", "expected a mapping, found text"),
        ("sendgrid: {api_key: x, base_url: http://example.net}", ".sendgrid.base_url", "expected https://"),
        ("sendgrid: {api_key: x, base_url: nowhere}", ".sendgrid.base_url", "expected a URL"),
        ("sendgrid: {api_key: x, base_url: smtp://127.0.0.1:25}", ".sendgrid.base_url", "expected a URL such as https"),
        ("smtp: {type: mailgun, api_key: x, domain: d, base_url: smtps://h}", ".smtp.base_url", "only the type smtp"),
        ("mailgun: {api_key: x, domain: d, region: mars}", ".mailgun.region", "expected us or eu"),
        ("smtp: {host: h, port: 99999}", ".smtp.port", "expected a whole number from 1 to 65535"),
        ("smtp: {host: h, username: u}", ".smtp.username", "expected both or neither"),
        ("sandbox: {order: first}", ".sandbox.order", "expected a whole number of at least 1"),
        ("sandbox: {weight: 1.1}", ".sandbox.weight", "expected a number from 0 to 1"),
        ("sandbox: {rate: 14}", ".sandbox.rate", "expected a rate such as 14/s"),
        ("sandbox: {rate: 0/s}", ".sandbox.rate", "expected a rate such as 14/s"),
        ("sandbox: {daily: 0}", ".sandbox.daily", "expected a whole number of at least 1"),
        ("sandbox: {timeout_s: 0}", ".sandbox.timeout_s", "expected a number above 0"),
        ("sandbox: {tags: [eu, {}]}", ".sandbox.tags[1]", "found a mapping"),
        ("sandbox: {labels: {a: [1]}}", ".sandbox.labels.a", "expected text, found a list"),
        ("sand box: {type: sandbox}", ".sand box", "a name of letters"),
    ],
)
def test_a_mistake_in_a_provider_is_told_with_its_path_and_line(entry: str, path: str, message: str) -> None:
    text = f"pools:\n  example.com:\n    keys: {{web: k}}\n    providers:\n      {entry}\n"
    problem = the_problem(text)
    assert (problem.path, problem.line) == (f"pools.example.com.providers{path}", 5)
    assert message in problem.message


def test_an_address_is_judged_beside_what_else_is_wrong_with_its_provider() -> None:
    text = "pools: {example.com: {keys: {web: k}, providers: {sendgrid: {order: 0, base_url: nowhere}}}}"
    told = [problem.path.rpartition(".")[2] for problem in problems(text)]
    assert sorted(told) == ["api_key", "base_url", "order"]


def test_all_problems_are_told_at_once_in_the_order_of_their_lines() -> None:
    text = """\
        http: {listen: nowhere}
        worker: 1
        pools:
          example.com:
            keys: {web: "${NOT_SET}"}
            strategy: best
            providers:
              sendgrid: {weight: 2}
              mailgun: {api_key: x}
            classes: {otp: {provider: postmark}}
          nodot:
            providers: {}
    """
    assert [(problem.path, problem.line) for problem in problems(text)] == [
        ("http.listen", 1),
        ("worker", 2),
        ("pools.example.com.keys.web", 5),
        ("pools.example.com.strategy", 6),
        ("pools.example.com.providers.sendgrid.api_key", 8),
        ("pools.example.com.providers.sendgrid.weight", 8),
        ("pools.example.com.providers.mailgun.domain", 9),
        ("pools.example.com.classes.otp.provider", 10),
        ("pools.nodot", 11),
        ("pools.nodot.providers", 12),
    ]


def test_a_problem_reads_as_path_line_and_message() -> None:
    assert str(the_problem(MINIMAL + "workers: x\n")) == (
        "workers (line 6): expected a whole number from 1 to 1024 or auto"
    )


def test_a_variable_that_is_not_set_is_told_where_it_stands() -> None:
    problem = the_problem(pool("default_from: ${FROM}"))
    assert (problem.path, problem.line) == ("pools.example.com.default_from", 6)
    assert "FROM is not set" in problem.message


def test_what_the_environment_gives_is_read_as_the_field_expects() -> None:
    found = config(MINIMAL + 'workers: "${N}"\nreveal_keys: "${YES}"\n', {"N": "1", "YES": "true"})
    assert (found.workers, found.reveal_keys) == (1, True)
    assert the_problem(MINIMAL + 'workers: "${N}"\n', {"N": "one"}).path == "workers"


def test_what_the_environment_leaves_empty_counts_as_not_written() -> None:
    text = MINIMAL.replace(
        "sandbox: {}", 'mailgun: {api_key: x, domain: d, webhook_key: "${HOOK:-}", region: "${R:-}"}'
    )
    assert config(text).pools["example.com"].providers["mailgun"].settings.webhook_key is None
    assert config(text).pools["example.com"].providers["mailgun"].settings.region == "us"


def test_a_key_without_a_value_counts_as_not_written() -> None:
    found = config(pool("default_from:\nbreaker:\n") + "smtp:\nworkers: ~\nhttp: null\n")
    assert found.smtp is None
    assert found.workers == 1
    assert found.pools["example.com"].default_from is None


def test_names_come_from_the_environment_too() -> None:
    text = MINIMAL.replace("example.com", "${DOMAIN}")
    assert list(config(text, {"DOMAIN": "Mail.Example.NET"}).pools) == ["mail.example.net"]


@pytest.mark.parametrize("word", ["no", "on", "0123", "1e3", "1:30", "2027-01-01", "12345", "~x"])
def test_text_stays_as_it_is_written(word: str) -> None:
    text = MINIMAL.replace("sandbox: {}", f"smtp: {{host: h, username: {word}, password: {word}}}")
    settings = config(text).pools["example.com"].providers["smtp"].settings
    assert (settings.username, settings.password.reveal()) == (word, word)


@pytest.mark.parametrize("word", ["010", "0x10", "1_000", "1:30", "+-1", "1e1", ".inf", "٣"])
def test_a_number_that_yaml_1_1_would_guess_at_is_refused(word: str) -> None:
    assert the_problem(pool(f"breaker: {{failures: {word}}}")).path == "pools.example.com.breaker.failures"


@pytest.mark.parametrize(
    ("word", "value"), [("yes", True), ("On", True), ("TRUE", True), ("no", False), ("off", False)]
)
def test_a_boolean_may_be_written_in_each_customary_way(word: str, value: bool) -> None:
    assert config(pool(f"open: {word}")).pools["example.com"].open is value


def test_no_as_a_name_stays_no() -> None:
    assert list(config(MINIMAL + "admins: {no: key-of-ops}\n").admins) == ["no"]


def test_a_secret_comes_from_a_file_without_its_line_break(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text("from-a-file\n")
    text = MINIMAL.replace("sandbox: {}", f"sendgrid: {{api_key: {{file: {file}}}}}").replace(
        "secret-of-web", f"{{file: '{file}'}}"
    )
    example = config(text).pools["example.com"]
    assert example.providers["sendgrid"].settings.api_key == Secret("from-a-file")
    assert example.keys["web"].digest == Secret("from-a-file").digest()


@pytest.mark.parametrize("data", [b"", b"\n", b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_secret_is_told(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "key"
    file.write_bytes(data)
    problem = the_problem(MINIMAL.replace("sandbox: {}", f"sendgrid: {{api_key: {{file: {file}}}}}"))
    assert problem.path == "pools.example.com.providers.sendgrid.api_key"


def test_a_key_may_be_given_as_its_digest() -> None:
    digest = Secret("secret-of-web").digest()
    text = MINIMAL.replace("secret-of-web", f"sha256:{digest.hex().upper()}")
    assert config(text).pools["example.com"].keys["web"].digest == digest
    assert config(MINIMAL).pools["example.com"].keys["web"].digest == digest


def test_only_the_digest_of_a_key_is_kept() -> None:
    key = config(MINIMAL).pools["example.com"].keys["web"]
    assert isinstance(key.digest, Digest)
    assert len(key.digest) == 32
    assert "secret-of-web" not in repr(msgspec.structs.asdict(key))


def test_order_is_the_place_in_the_file_and_weights_are_equal_unless_said() -> None:
    text = pool("strategy: weighted").replace(
        "sandbox: {}", "{sandbox: {}, two: {type: sandbox}, three: {type: sandbox, order: 1}}"
    )
    text = text.replace("providers:\n      {", "providers: {")
    entries = config(text).pools["example.com"].providers.values()
    assert [entry.order for entry in entries] == [1, 2, 1]
    assert [entry.weight for entry in entries] == [1 / 3, 1 / 3, 1 / 3]


def test_a_probe_may_be_a_message() -> None:
    probe = config(pool("breaker: {probe: {to: probe@example.com}}")).pools["example.com"].breaker.probe
    assert probe == ProbeMail(to=Address("probe@example.com"))


def test_anchors_and_merge_keys_work() -> None:
    text = """\
        pools:
          example.com: &usual
            keys: {web: one}
            strategy: score
            providers: {sandbox: {}}
          example.net:
            <<: *usual
            keys: {web: two}
    """
    found = config(text).pools
    assert found["example.net"].strategy == "score"
    assert found["example.net"].keys["web"].digest == Secret("two").digest()


@pytest.mark.parametrize("loop", ["pools: &p\n  example.com: *p\n", "pools: &p\n  <<: *p\n", "&r\npools: *r\n"])
def test_a_document_that_contains_itself_is_only_a_mistake(loop: str) -> None:
    assert problems(loop)


def test_merges_of_merges_do_not_explode() -> None:
    levels = ["a0: &a0 {x: 1}"] + [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}" for i in range(1, 60)]
    assert len(problems("\n".join([*levels, "<<: *a59"]))) == 62  # each unknown, x among them, and pools missing


def test_json_is_read_too() -> None:
    found = config('{"workers": 1, "pools": {"example.com": {"keys": {"web": "k"}, "providers": {"sandbox": {}}}}}')
    assert list(found.pools) == ["example.com"]


def test_no_problem_repeats_a_value() -> None:
    for line in SAMPLE.splitlines():
        for word in re.findall(r"(?<=: )[^\s{}\[\],]+", line):
            for wrong in (
                "CANARY {",
                "[CANARY]",
                "{CANARY: CANARY}",
                "*CANARY",
                "!CANARY x",
                "CANARY",
                "&CANARY",
                "${CANARY",
            ):
                found = answer(SAMPLE.replace(line, line.replace(word, wrong, 1), 1))
                for problem in found if isinstance(found, list) else []:
                    assert "CANARY" not in problem.message


def test_no_secret_is_seen_in_the_configuration() -> None:
    found = config(SAMPLE)
    assert "CANARY" not in repr(found)
    assert "CANARY" not in str(found)
    assert "CANARY" not in f"{found}"
    assert Secret("CANARY-web").digest().hex() not in repr(found)


def test_a_broken_text_gives_problems_that_hold_no_secret() -> None:
    broken = SAMPLE.replace("pools:", "pool:").replace("weight: 0.7", "weight: 7").replace("type: smtp", "type: smpt")
    for problem in problems(broken):
        assert "CANARY" not in str(problem)


def _sound(found: Config | list[Problem]) -> bool:
    """Either a configuration that is whole, or problems."""
    if isinstance(found, Config):
        return all(
            entry.settings is not None and entry.type in SPECS
            for each in found.pools.values()
            for entry in each.providers.values()
        )
    return bool(found) and all(problem.message and problem.line for problem in found)


def test_a_text_cut_at_any_byte_is_whole_or_told() -> None:
    for end in range(len(SAMPLE)):
        assert _sound(answer(SAMPLE[:end])), end


def test_a_text_with_any_byte_flipped_is_whole_or_told() -> None:
    for place in range(len(SAMPLE)):
        flipped = chr(ord(SAMPLE[place]) ^ (1 << place % 7))
        assert _sound(answer(SAMPLE[:place] + flipped + SAMPLE[place + 1 :])), place


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(SAMPLE)),
            st.integers(0, 40),
            st.text(max_size=12) | st.sampled_from(sorted("{}[]&*!|>:\n")),
        ),
        max_size=4,
    )
)
def test_a_text_with_any_stretch_replaced_is_whole_or_told(edits: list[tuple[int, int, str]]) -> None:
    text = SAMPLE
    for start, length, put in edits:
        text = text[:start] + put + text[start + length :]
    assert _sound(read(text, ENV, SPECS, NOW))


def test_how_the_log_is_written_can_be_said() -> None:
    found = answer(MINIMAL + "log: {format: json, successes: 0, then_one_in: 1000}\n")
    assert isinstance(found, Config)
    assert (found.log.format, found.log.successes, found.log.then_one_in) == ("json", 0, 1000)
    wrong = answer(MINIMAL + "log: {format: xml, successes: -1}\n")
    assert isinstance(wrong, list)
    assert [problem.path for problem in wrong] == ["log.format", "log.successes"]
