"""Posthouse with a provider that breaks on every message, and quotes it: `python -P faulty.py serve …`"""

from typing import Any, NoReturn


def breaks(self: Any, envelope: Any, timeout_s: float) -> NoReturn:
    quoted = envelope.message.subject
    try:
        raise KeyError(quoted)
    except KeyError as error:
        raise RuntimeError(f"cannot send {quoted} to {envelope.message.to}") from error


if __name__ == "__main__":
    from posthouse.cli import main
    from posthouse.providers.sandbox import SandboxProvider

    SandboxProvider.send = breaks  # type: ignore[method-assign]
    main()
