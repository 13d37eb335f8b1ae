"""What the variables of the standard ask for, and spans as the SDK makes them."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from posthouse.telemetry.otel import Asked, asked, opened
from tests.end_to_end.process import started
from tests.telemetry.receivers import hanging, receiving
from tests.telemetry.spans import Tracing, tracing

HERE = "http://127.0.0.1:4318"
PARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
NOW = 1_800_000_000.0


@pytest.mark.parametrize(
    ("env", "wants"),
    [
        ({}, None),
        ({"OTEL_SERVICE_NAME": "mail"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": ""}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE}, Asked(True, True, 60.0)),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_SDK_DISABLED": "true"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_TRACES_EXPORTER": "none"}, Asked(False, True, 60.0)),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": f"{HERE}/v1/traces"}, Asked(True, False, 60.0)),
        ({"OTEL_METRICS_EXPORTER": "otlp", "OTEL_METRIC_EXPORT_INTERVAL": "5000"}, Asked(False, True, 5.0)),
        ({"OTEL_TRACES_EXPORTER": "none", "OTEL_METRICS_EXPORTER": "none"}, None),
        (
            {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf"},
            Asked(True, True, 60.0),
        ),
    ],
)
def test_nothing_is_sent_unless_the_variables_of_the_standard_ask_for_it(
    env: dict[str, str], wants: Asked | None
) -> None:
    assert asked(env) == wants


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_METRICS_EXPORTER", "prometheus", "otlp or none"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc", "http/protobuf, which collectors take on port 4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "http/json", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "127.0.0.1:4318", "an address such as http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://", "an address such as"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "often", "milliseconds"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "0", "milliseconds"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "nan", "milliseconds"),
    ],
)
def test_a_variable_that_says_what_cannot_be_is_named_with_what_is_expected(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(ValueError, match=f"^{variable}: expected ") as told:
        asked({"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, variable: value})
    assert expected in str(told.value)


@pytest.fixture
def traced() -> Iterator[Tracing]:
    with tracing() as made:
        yield made


def only(traced: Tracing) -> ReadableSpan:
    (span,) = traced.exporter.get_finished_spans()
    return span


def test_a_span_has_the_times_it_is_given_and_what_is_on_the_list(traced: Tracing) -> None:
    span = traced.tracer.start("attempt", "consumer", NOW)
    span.end(NOW + 1.5, pool="example.com", attempt=2, recipient="ann@example.org")
    found = only(traced)
    assert (found.start_time, found.end_time) == (NOW * 1e9, (NOW + 1.5) * 1e9)
    assert found.attributes == {"posthouse.pool": "example.com", "posthouse.attempt": 2}
    assert found.parent is None
    assert found.status.is_unset


def test_a_span_goes_on_from_a_traceparent_of_another_process(traced: Tracing) -> None:
    span = traced.tracer.start("accept", "server", NOW, PARENT)
    assert span.traceparent[:36] == PARENT[:36]
    assert span.traceparent[36:52] != PARENT[36:52]
    assert span.traceparent.endswith("-01")
    span.end(NOW, failed=True)
    found = only(traced)
    assert found.parent is not None
    assert (f"{found.parent.span_id:016x}", found.parent.is_remote) == ("00f067aa0ba902b7", True)
    assert not found.status.is_ok
    assert not found.status.is_unset


def test_what_the_caller_does_not_sample_is_not_sampled_here_and_keeps_its_trace(traced: Tracing) -> None:
    span = traced.tracer.start("accept", "server", NOW, PARENT[:-2] + "00")
    assert (span.traceparent[:36], span.traceparent[-2:]) == (PARENT[:36], "00")
    span.end(NOW)
    assert traced.exporter.get_finished_spans() == ()


async def test_it_says_what_it_is_unless_it_is_called_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiving() as receiver:
        for name, value in receiver.otlp.items():
            monkeypatch.setenv(name, value)
        otel = opened(Asked(True, False, 60.0), receiver.otlp, "host.1")
        assert otel.tracer is not None
        otel.tracer.start("accept", "server", NOW).end(NOW)
        await receiver.until(lambda to: len(to.spans) == 1)
        monkeypatch.setenv("OTEL_SERVICE_NAME", "mail")
        named = opened(Asked(True, False, 60.0), {**receiver.otlp, "OTEL_SERVICE_NAME": "mail"}, "host.2")
        assert named.tracer is not None
        named.tracer.start("accept", "server", NOW).end(NOW)
        await receiver.until(lambda to: len(to.spans) == 2)
        otel.finish()
        named.finish()
    first, second = [span.resource for span in receiver.spans]
    assert (first["service.name"], first["service.instance.id"]) == ("posthouse", "host.1")
    assert (second["service.name"], second["service.instance.id"]) == ("mail", "host.2")


async def test_a_collector_that_hangs_does_not_hold_up_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    async with hanging() as receiver:
        for name, value in receiver.otlp.items():
            monkeypatch.setenv(name, value)
        otel = opened(Asked(True, False, 60.0), receiver.otlp, "host.1")
        assert otel.tracer is not None
        otel.tracer.start("accept", "server", NOW).end(NOW)
        began = time.perf_counter()
        otel.finish()
        assert time.perf_counter() - began < 5


async def test_variables_without_the_packages_are_said_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "opentelemetry.py").write_text("raise ImportError\n")
    env = {"PYTHONPATH": str(tmp_path / "hidden"), "OTEL_EXPORTER_OTLP_ENDPOINT": HERE}
    async with started(["-m", "posthouse", "serve", "--listen", "127.0.0.1:0"], tmp_path, env) as process:
        assert await process.ended() == 1
        assert process.errors == (
            "OTEL_* variables ask for OpenTelemetry, and its packages are not installed: install posthouse[otel], or "
            "say OTEL_SDK_DISABLED=true\n"
        )


async def test_a_variable_that_cannot_be_is_said_at_the_start(tmp_path: Path) -> None:
    env = {"OTEL_EXPORTER_OTLP_ENDPOINT": HERE, "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"}
    async with started(["-m", "posthouse", "serve", "--listen", "127.0.0.1:0"], tmp_path, env) as process:
        assert await process.ended() == 1
        assert process.errors.startswith("OTEL_EXPORTER_OTLP_PROTOCOL: expected http/protobuf")
