"""The nginx site, in a real nginx before a real Posthouse. Only ports and paths of files differ."""

import http.client
import json
import re
import socket
import ssl
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from posthouse.web.connection import KEPT_S
from tests.deploy.tools import ROOT, tool
from tests.end_to_end.process import serving

SITE = (ROOT / "deploy" / "nginx" / "posthouse.conf").read_text()
MAIL = {"from": "shop@example.com", "to": "ann@example.org", "subject": "Hello", "text": "It works."}
READY = "start worker processes"


class Front(msgspec.Struct, frozen=True):
    """port: of nginx, with TLS. behind: of Posthouse. folder: where nginx writes."""

    port: int
    behind: int
    folder: Path

    def call(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> tuple[int, "http.client.HTTPMessage", bytes]:
        careless = ssl.create_default_context()
        careless.check_hostname, careless.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=50, context=careless)
        try:
            connection.request(method, path, body, {"Authorization": "Bearer dev", **(headers or {})})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def post(self, mail: dict[str, Any], **headers: str) -> tuple[int, "http.client.HTTPMessage", dict[str, Any]]:
        said = {name.replace("_", "-"): value for name, value in headers.items()}
        status, answered, body = self.call(
            "POST", "/email", json.dumps(mail).encode(), {"Content-Type": "application/json", **said}
        )
        return status, answered, json.loads(body)

    def logged(self, words: str) -> bool:
        """Whether they come to stand in the log: nginx writes a line after the answer has left."""
        looks = threading.Event()
        return any(words in (self.folder / "posthouse.log").read_text() or looks.wait(0.02) for _ in range(500))


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def configured(folder: Path, port: int, behind: int) -> Path:
    """The site as it is committed, in a whole nginx of its own under the folder."""
    make = [tool("openssl", "Debian's openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=mail"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "fullchain.pem")]
    subprocess.run([*make, *files], check=True, capture_output=True)
    site = SITE.replace("/etc/ssl/posthouse", str(folder)).replace("/var/log/nginx", str(folder))
    site = site.replace("127.0.0.1:8080", f"127.0.0.1:{behind}")
    site = re.sub(r"listen (\[::\]:)?443 ", lambda found: "#" if found[1] else f"listen 127.0.0.1:{port} ", site)
    site = re.sub(r"listen (\[::\]:)?80;", lambda found: "" if found[1] else f"listen 127.0.0.1:{free_port()};", site)
    (folder / "site.conf").write_text(site)
    whole = folder / "nginx.conf"
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole.write_text(
        f"daemon off; master_process off; pid {folder}/pid; error_log stderr notice;\n"
        f"events {{}}\nhttp {{ access_log off; {temporary} include {folder}/site.conf; }}\n"
    )
    return whole


@contextmanager
def nginx(folder: Path, port: int, behind: int) -> Iterator[None]:
    command = [tool("nginx", "Debian's nginx"), "-p", str(folder), "-c", str(configured(folder, port, behind))]
    with subprocess.Popen([*command, "-e", "stderr"], stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        said: list[str] = []
        for line in process.stderr:
            said.append(line)
            if "using the" in line or "getrlimit" in line:  # it has bound its ports
                break
        else:
            raise AssertionError("".join(said))
        reading = threading.Thread(target=process.stderr.read)  # so that it never waits for us
        reading.start()
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)
            reading.join()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def front(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Front]:
    tool("nginx", "Debian's nginx")
    async with serving(tmp_path_factory.mktemp("posthouse"), "--listen", "127.0.0.1:0") as (_, behind):
        folder, port = tmp_path_factory.mktemp("nginx"), free_port()
        with nginx(folder, port, behind):
            yield Front(port, behind, folder)


def test_nginx_takes_the_site(tmp_path: Path) -> None:
    whole = configured(tmp_path, 8443, 8080)
    command = [tool("nginx", "Debian's nginx"), "-t", "-p", str(tmp_path), "-e", "stderr", "-c", str(whole)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr


def test_a_message_that_is_posted_through_nginx_is_delivered(front: Front) -> None:
    status, _, record = front.post(MAIL, Prefer="wait=20")
    assert (status, record["status"], record["provider"]) == (200, "sent", "sandbox")


def test_the_callers_request_id_goes_through_and_stands_in_the_log(front: Front) -> None:
    _, headers, _ = front.post(MAIL, X_Request_Id="seen-by-the-caller-1")
    assert headers["X-Request-Id"] == "seen-by-the-caller-1"
    assert front.logged("seen-by-the-caller-1")


def test_a_request_without_an_id_gets_one_and_only_one(front: Front) -> None:
    _, headers, _ = front.post(MAIL)
    [given] = headers.get_all("X-Request-Id") or []
    assert front.logged(given)


def test_an_id_that_posthouse_would_not_take_is_replaced_in_both(front: Front) -> None:
    _, headers, _ = front.post(MAIL, X_Request_Id="two words")
    assert headers["X-Request-Id"] != "two words"
    assert front.logged(headers["X-Request-Id"])


def test_a_body_just_below_the_limit_goes_through_and_leaves_nothing_in_nginx(front: Front) -> None:
    big = {**MAIL, "text": "x" * 25_000_000}
    status, _, record = front.post(big, Prefer="wait=40")
    assert (status, record["status"]) == (200, "sent")
    assert [path for path in (front.folder / "client_body").rglob("*") if path.is_file()] == []


def test_a_body_over_the_limit_is_refused_as_posthouse_refuses_it(front: Front) -> None:
    status, headers, body = front.call("POST", "/email", b" " * (30 * 2**20 + 1))
    problem = json.loads(body)
    assert (status, headers["Content-Type"]) == (413, "application/problem+json")
    assert problem["type"] == "urn:posthouse:problem:body-too-large"


def test_the_address_of_a_question_stays_out_of_the_log(front: Front) -> None:
    front.call("GET", "/email?to=ann@example.org")
    front.post(MAIL, X_Request_Id="after-the-question")
    assert front.logged("after-the-question")
    assert "ann@example.org" not in (front.folder / "posthouse.log").read_text()


def test_where_posthouse_does_not_answer_the_caller_is_told_so_in_its_own_words(tmp_path: Path) -> None:
    port = free_port()
    with nginx(tmp_path, port, free_port()):
        status, headers, body = Front(port, 0, tmp_path).call("GET", "/healthz")
    assert (status, headers["Content-Type"], headers["Retry-After"]) == (502, "application/problem+json", "2")
    assert json.loads(body)["type"] == "urn:posthouse:problem:away"


def test_an_answer_may_come_as_late_as_the_longest_wait() -> None:
    from posthouse.web.messages import WAIT_MAX_S

    found = re.search(r"proxy_read_timeout +(\d+)s", SITE)
    assert found is not None
    assert float(found[1]) > WAIT_MAX_S


def test_nginx_lets_go_of_an_idle_connection_before_posthouse_does() -> None:
    found = re.search(r"keepalive_timeout (\d+)s", SITE)
    assert found is not None
    assert int(found[1]) < KEPT_S
