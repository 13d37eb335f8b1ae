"""posthouse init: write a configuration to start from, with fresh keys, or from another service's configuration."""

import shlex
from pathlib import Path
from typing import Annotated, Final, NoReturn

import msgspec
import typer

from posthouse.cli.keys import fresh_key
from posthouse.config.load import FILE_NAME
from posthouse.config.values import Scalar, domain
from posthouse.config.write import write

TEMPLATE: Final = """\
# Posthouse: one API in front of every email provider.
#
# `posthouse check` tells every mistake in this file, with its line.
# ${NAME} and ${NAME:-default} come from the environment (inside { } and [ ] only in double quotes),
# a secret may also be {file: /run/secrets/NAME}.

http:
  listen: 127.0.0.1:8080              # 0.0.0.0:8080 for every interface: then behind a proxy with TLS
  # public_url: https://mail.DOMAIN   # not in force: no link or webhook is made yet
  # max_body_mb: 30                   # largest request, attachments included
  # cors_origins: [https://app.DOMAIN]

# smtp: {listen: 127.0.0.1:2525}      # the SMTP door: not built yet, nothing listens there

store: sqlite:///posthouse.db         # postgresql://USER:PASSWORD@HOST/DATABASE for several processes or machines
# workers: 1                          # processes on this machine; "auto" is one per core on PostgreSQL, 1 on SQLite
# retention: {content: 7d, records: 90d}

admins:                               # administer all pools
  ops: ADMIN_KEY

pools:
  DOMAIN:                             # the sending domain
    keys:                             # who may send; `posthouse keys new` makes more, and the sha256:… form
      web: WEB_KEY
      # staging: {key: "sha256:…", mode: sandbox}                 # accepted and recorded, never sent
      # beta: {key: "sha256:…", allow: ["*@DOMAIN"], rate: 50/s, daily: 10000, expires: 2030-01-01}
    sender: pool_domain               # which From is taken: pool_domain, any, or fixed (always default_from)
    default_from: Example <no-reply@DOMAIN>
    strategy: priority                # priority (by order), weighted (weights with the sum 1.0) or score
    providers:
      sandbox: {}                     # keeps everything in ./sent (a Maildir), sends nothing
      #
      # Each also takes: order, weight, score, enabled, rate (14/s), daily, monthly, timeout_s, tags, concurrency,
      # base_url.
      #
      # sendgrid: {order: 1, api_key: "${SENDGRID_API_KEY}"}
      # mailgun: {order: 2, api_key: "${MAILGUN_API_KEY}", domain: mg.DOMAIN, region: eu}
      # mandrill: {order: 3, api_key: "${MANDRILL_API_KEY}"}
      # ses:
      #   order: 4
      #   region: eu-central-1
      #   access_key_id: ${AWS_ACCESS_KEY_ID}
      #   secret_access_key: ${AWS_SECRET_ACCESS_KEY}
      # relay: {type: smtp, order: 5, host: smtp.example.net, username: posthouse, password: "${SMTP_PASSWORD}"}
    #
    # When a provider is no longer asked, and how it is tried again (check, traffic, or {to: probe@example.com}):
    # breaker: {failures: 5, rate: 0.5, window_s: 30, min_calls: 20, probe: check, probe_every_s: 5}
    #
    # When a message that nobody took is tried again:
    # retry: {first_s: 5, factor: 2, max_s: 3600, give_up_after: 24h}
    # failover: all                   # how many providers one round may try; 1 fails fast
    # on_unsure: failover             # after an attempt without an answer: failover, retry_same or hold
    #
    # Named policies a message may ask for with `class`:
    # classes:
    #   otp: {lane: critical, expires_in: 5m}
    #   bulk: {lane: bulk, on_unsure: hold}
"""


EXAMPLES: Final = """
  posthouse init --domain example.com
  posthouse init --from emissary.yaml            of emissary
  posthouse init --from config.json              of stampman or uber-email-service
  posthouse init --from-env                      of sendmailserviceproxy: its variables (SMSP_...)
"""

DOMAIN: Final = "example.com"


def init(
    config: Annotated[Path, typer.Option("--config", "-c", metavar="FILE", help="The file to write.")] = Path(
        FILE_NAME
    ),
    domain_name: Annotated[
        str | None, typer.Option("--domain", metavar="DOMAIN", show_default=DOMAIN, help="The domain to send from.")
    ] = None,
    source: Annotated[
        Path | None,
        typer.Option(
            *("--from",),
            metavar="PATH",
            exists=True,
            dir_okay=False,
            help="Take over what stands in another service's configuration; whose it is, its content tells.",
        ),
    ] = None,
    from_env: Annotated[
        bool, typer.Option("--from-env", help="Take over what another service's variables say; secrets stay there.")
    ] = False,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Answer as JSON.")] = False,
) -> None:
    """Write a commented configuration with fresh keys.

    It is for the sandbox until you add a provider. With --from or --from-env it says the same as another service's
    configuration; what has no equivalent is told, and stands in its comments.
    """
    pool = None if domain_name is None else domain(Scalar(domain_name))
    if domain_name is not None and pool is None:
        raise typer.BadParameter(f"expected a domain such as {DOMAIN}", param_hint="--domain")
    if source is not None and from_env:
        raise typer.BadParameter("expected --from or --from-env, not both", param_hint="--from-env")
    if source is not None or from_env:
        from posthouse.cli.imported import take_over

        take_over(source, config, pool, replace=force, as_json=as_json)
        return
    pool = pool or DOMAIN
    web, admin = fresh_key().reveal(), fresh_key().reveal()
    put(config, filled_in(pool, web, admin), replace=force)
    if as_json:
        print(msgspec.json.encode({"file": str(config), "pool": pool, "key": web, "admin_key": admin}).decode())
    else:
        print(_next_steps(config, pool, web))


def put(config: Path, text: str, *, replace: bool) -> None:
    """Write the file; ends the command with 1 and a sentence where it cannot be."""
    try:
        write(config, text, replace=replace)
    except FileExistsError:
        refuse(f"{config} is there already: --force replaces it")
    except OSError as error:
        refuse(f"{config} cannot be written: {error.strerror}")


def filled_in(pool: str, web_key: str, admin_key: str) -> str:
    """The configuration for a domain, with its two keys."""
    return TEMPLATE.replace("DOMAIN", pool).replace("WEB_KEY", web_key).replace("ADMIN_KEY", admin_key)


def refuse(why: str) -> NoReturn:
    typer.echo(why, err=True)
    raise typer.Exit(1)


def _next_steps(config: Path, pool: str, key: str) -> str:
    named = "" if config == Path(FILE_NAME) else f" --config {shlex.quote(str(config))}"
    message = f'{{"from": "no-reply@{pool}", "to": "ann@example.org", "subject": "Hello", "text": "It works."}}'
    return f"""\
{config} is written, with two fresh keys in it (only you can read it).

Start:

    posthouse serve{named}

Then send a message; the sandbox keeps it in ./sent, and sends nothing:

    curl http://127.0.0.1:8080/email -H 'Authorization: Bearer {key}' -H 'Prefer: wait=5' \\
      --json '{message}'

Put your providers in place of the sandbox, and ask `posthouse check{named}` what it thinks of it."""
