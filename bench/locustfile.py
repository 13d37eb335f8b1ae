"""Users of a Posthouse, for Locust: single messages, batches, look-ups, posts repeated with an idempotency key.

    make locust
    .venv-locust/bin/locust -f bench/locustfile.py --host http://127.0.0.1:8080

The key is taken from POSTHOUSE_API_KEY, `dev` where it is not set; the sender from POSTHOUSE_SENDER. Messages go to
example.net, where nobody is. Whatever is not the answer that the contract promises is counted as a failure, by name.
"""

import os
from collections import deque
from random import Random
from urllib.parse import urlsplit
from uuid import uuid4

from locust import FastHttpUser, between, events, task

KEY = os.environ.get("POSTHOUSE_API_KEY", "dev")
SENDER = os.environ.get("POSTHOUSE_SENDER", "shop@example.com")
HERE = ("127.0.0.1", "::1", "localhost")
REMEMBERED = 100
LINE = "Your order has been packed and leaves our house today; it is yours within two days. "


@events.init.add_listener
def aim(environment, **_):
    """A host that is not this machine must be named twice: as the host, and in POSTHOUSE_REALLY."""
    host = environment.host or ""
    if urlsplit(host).hostname not in HERE and os.environ.get("POSTHOUSE_REALLY") != host:
        raise SystemExit(f"{host or 'no host'} is not this machine: name it again, POSTHOUSE_REALLY={host} locust …")


class Shop(FastHttpUser):
    """Posts what a shop posts: mostly one message at a time, at times a mailing, and asks what became of it."""

    wait_time = between(0.05, 0.5)

    def on_start(self):
        self.random = Random()  # noqa: S311  of no secrets
        self.sent = deque(maxlen=REMEMBERED)
        self.headers = {"Authorization": f"Bearer {KEY}"}
        for once in (self.one, self.what_became_of_it, self.again, self.mailing, self.newest):
            once()  # a short run has seen everything too

    def letter(self):
        number = self.random.randrange(10**9)
        return {
            "from": SENDER,
            "to": f"reader-{number:09}@example.net",
            "subject": f"Your order {number:09} is on its way",
            "text": "Dear reader,\n\n" + LINE * self.random.randint(1, 20),
            "html": "<p>Dear reader,</p><p>" + LINE * self.random.randint(1, 30) + "</p>",
            "tags": ["orders"],
        }

    def expecting(self, status, method, path, **more):
        """The JSON of the answer; None, and a failure, for another status. A 429 is named as such."""
        headers = self.headers | more.pop("headers", {})
        with self.rest(method, path, headers=headers, **more) as answer:
            if answer.status_code == status:
                return answer.js
            answer.failure(f"{answer.status_code} where {status} was expected: {answer.text[:200]}")
        return None

    @task(20)
    def one(self):
        """POST /email."""
        if told := self.expecting(202, "POST", "/email", json=self.letter()):
            self.sent.append(told["id"])

    @task(8)
    def what_became_of_it(self):
        """GET /email/{id} of one posted before."""
        if self.sent:
            id_ = self.random.choice(self.sent)
            self.expecting(200, "GET", f"/email/{id_}", name="/email/{id}")

    @task(3)
    def again(self):
        """The same post twice with one idempotency key, as after a lost answer: the second is given the first's id."""
        letter, key = self.letter(), {"Idempotency-Key": str(uuid4())}
        first = self.expecting(202, "POST", "/email", json=letter, headers=key, name="/email, idempotent")
        if first is None:
            return
        with self.rest(
            "POST", "/email", json=letter, headers=self.headers | key, name="/email, idempotent, repeated"
        ) as answer:
            if answer.status_code != 202 or answer.js.get("id") != first["id"]:
                answer.failure(f"{answer.status_code}, {answer.text[:200]} after {first['id']}")

    @task(1)
    def mailing(self):
        """POST /email/batch of fifty."""
        letters = [self.letter() for _ in range(50)]
        told = self.expecting(200, "POST", "/email/batch", json={"messages": letters})
        if told is not None:
            self.sent.extend(result["id"] for result in told["results"] if "id" in result)

    @task(1)
    def newest(self):
        """GET /email, a page of the newest."""
        self.expecting(200, "GET", "/email?limit=20", name="/email?limit")
