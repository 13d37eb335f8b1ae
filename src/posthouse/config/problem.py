"""What is wrong with a configuration, and where: a path, a line, and what was expected. Never the value found."""

import msgspec


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing that is wrong.

    path: the place in dots (`pools.example.com.providers.sendgrid.api_key`), a variable's name where there is no file,
    the file's name where the fault is not at one place. line: counted from 1, None where there is no file.
    message: what was expected. It never repeats the value found: that may be a secret in the wrong place.
    """

    path: str
    line: int | None
    message: str

    def __str__(self) -> str:
        place = self.path or "the file"
        return f"{place}: {self.message}" if self.line is None else f"{place} (line {self.line}): {self.message}"


class Report:
    """Everything found while one configuration is read: problems, warnings, and on which line each setting stands."""

    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.warnings: list[Problem] = []
        self._lines: dict[str, int] = {}
        self._given: set[str] = set()

    def stands(self, path: str, line: int, *, given: bool) -> None:
        """Note that a setting stands on a line; `given` when it also has a value there."""
        self._lines.setdefault(path, line)
        if given:
            self._given.add(path)

    def given(self, path: str) -> bool:
        """Whether the file gives this setting a value (otherwise it has its default)."""
        return path in self._given

    def add(self, path: str, message: str, line: int | None = None) -> None:
        self.problems.append(Problem(path, line or self.line(path), message))

    def warn(self, path: str, message: str) -> None:
        """Something the operator should see that does not keep the configuration from being used."""
        self.warnings.append(Problem(path, self.line(path), message))

    def clean(self, path: str, *, below: bool = True) -> bool:
        """Whether nothing is wrong at this place (nor `below` it), so that its value may be reasoned about."""
        inside = (f"{path}.", f"{path}[") if below else ()
        return not any(p.path == path or p.path.startswith(inside) for p in self.problems)

    def line(self, path: str) -> int:
        """The line of a setting, or of the nearest thing around it that is in the file."""
        while path:
            if path in self._lines:
                return self._lines[path]
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return 1
