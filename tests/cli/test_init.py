import re
import shlex
import stat
from pathlib import Path

import msgspec
import pytest
import typer
from typer.testing import CliRunner, Result

from posthouse.cli.init import filled_in, init
from posthouse.config import Config, load
from posthouse.config.load import from_bytes
from posthouse.config.read import read
from posthouse.providers.catalogue import SPECS
from posthouse.secret import Secret

app = typer.Typer()
app.command()(init)

NOW = 1_800_000_000.0


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, list(arguments))


def written(file: str = "posthouse.yaml") -> Config:
    found = load(Path(file), {}, SPECS, NOW)
    assert isinstance(found, Config), found
    return found


def test_the_file_it_writes_is_good_and_only_for_its_owner() -> None:
    result = run()
    assert result.exit_code == 0
    found = written()
    assert (list(found.pools), found.warnings) == (["example.com"], ())
    assert list(found.pools["example.com"].providers) == ["sandbox"]
    assert stat.S_IMODE(Path("posthouse.yaml").stat().st_mode) == 0o600
    assert [path.name for path in Path().iterdir()] == ["posthouse.yaml"]


def test_the_keys_are_fresh_and_the_call_to_try_carries_one() -> None:
    output = run().stdout
    found = written()
    (key,) = set(re.findall(r"ph_[A-Za-z0-9_-]{43}", output))
    assert found.pools["example.com"].keys["web"].digest == Secret(key).digest()
    assert found.admins["ops"].digest != Secret(key).digest()
    run("--force")
    assert written().pools["example.com"].keys["web"].digest != Secret(key).digest()


def test_the_call_to_try_is_one_that_a_shell_understands() -> None:
    output = run("--domain", "example.net").stdout
    call = output[output.index("curl") : output.index("Put your providers")].replace("\\\n", " ")
    words = shlex.split(call)
    message = msgspec.json.decode(words[words.index("--json") + 1])
    assert message["from"] == "no-reply@example.net"


def test_the_domain_names_the_pool_and_its_sender() -> None:
    assert run("--domain", "Mail.Example.ORG").exit_code == 0
    pool = written().pools["mail.example.org"]
    assert pool.default_from is not None
    assert pool.default_from.email == "no-reply@mail.example.org"


@pytest.mark.parametrize("domain", ["", "localhost", "a b.com", "x@example.com", "example.com\nadmins: {}"])
def test_what_is_no_domain_is_wrong_use(domain: str) -> None:
    assert run("--domain", domain).exit_code == 2
    assert not Path("posthouse.yaml").exists()


def test_a_file_that_is_there_stays_unless_forced() -> None:
    Path("mine.yaml").write_text("mine")
    result = run("--config", "mine.yaml")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "--force" in result.stderr
    assert Path("mine.yaml").read_text() == "mine"
    result = run("--config", "mine.yaml", "--force")
    assert result.exit_code == 0
    assert "posthouse serve --config mine.yaml" in result.stdout
    assert list(written("mine.yaml").pools) == ["example.com"]


def test_where_it_cannot_write_it_says_so() -> None:
    result = run("--config", "gone/posthouse.yaml")
    assert result.exit_code == 1
    assert "cannot be written: No such file or directory" in result.stderr


def test_as_json_it_tells_the_keys() -> None:
    answer = msgspec.json.decode(run("--json").stdout)
    assert (answer["file"], answer["pool"]) == ("posthouse.yaml", "example.com")
    assert written().pools["example.com"].keys["web"].digest == Secret(answer["key"]).digest()
    assert written().admins["ops"].digest == Secret(answer["admin_key"]).digest()


def test_every_example_in_it_is_good() -> None:
    """Each commented setting, made a real one, passes the check."""
    text = filled_in("example.com", "a-web-key", "an-admin-key")
    digests = iter(f"sha256:{Secret(str(number)).digest().hex()}" for number in range(9))
    text = re.sub('sha256:…(?=")', lambda _: next(digests), text)
    lines = [re.sub(r"^( *)# ( *[a-z_]+:( |$))", r"\1\2", line) for line in text.splitlines()]
    names = ("SENDGRID_API_KEY", "MAILGUN_API_KEY", "MANDRILL_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    env = dict.fromkeys((*names, "SMTP_PASSWORD"), "x")
    found = from_bytes("\n".join(lines).encode(), env, SPECS, NOW)
    assert isinstance(found, Config), found
    pool = found.pools["example.com"]
    assert list(pool.providers) == ["sandbox", "sendgrid", "mailgun", "mandrill", "ses", "relay"]
    assert list(pool.keys) == ["web", "staging", "beta"]
    assert list(pool.classes) == ["otp", "bulk"]
    assert found.smtp is not None
    assert found.http.public_url == "https://mail.example.com"
    assert found.warnings == ()


def test_the_defaults_it_shows_are_the_real_ones() -> None:
    text = filled_in("example.com", "a-web-key", "an-admin-key")
    shown = re.sub(
        r"^( *)# ((workers|retention|max_body_mb|breaker|retry|failover|on_unsure):)", r"\1\2", text, flags=re.M
    )
    assert shown != text
    assert read(shown, {}, SPECS, NOW) == read(text, {}, SPECS, NOW)
