"""Queries live in files, one each; they are read once, by name."""

import re
from importlib.resources import files


def queries(package: str) -> dict[str, str]:
    """name → SQL, of every `.sql` file in the package's `queries` folder."""
    folder = files(package) / "queries"
    return {
        file.name.removesuffix(".sql"): file.read_text("utf-8").strip()
        for file in folder.iterdir()
        if file.name.endswith(".sql")
    }


def migrations(package: str) -> list[tuple[int, str]]:
    """(number, SQL) of every `NNN_what.sql` in the package's `migrations` folder, in order and without a gap."""
    found = sorted(
        (int(file.name[:3]), file.read_text("utf-8"))
        for file in (files(package) / "migrations").iterdir()
        if re.fullmatch(r"\d{3}_\w+\.sql", file.name)
    )
    if [number for number, _ in found] != list(range(1, len(found) + 1)):
        raise ValueError(f"the migrations of {package} are not numbered 1, 2, 3 …")
    return found


def compatible_since(number: int, sql: str) -> int:
    """The oldest schema whose code runs on a database that has this migration: `-- compatible-since: 7` in its text.

    `itself`, or nothing said: only code that knows the migration.
    """
    found = re.search(r"^-- compatible-since: (\d+|itself)$", sql, re.MULTILINE)
    return number if found is None or found[1] == "itself" else int(found[1])
