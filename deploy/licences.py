"""Writes docs/licences.md: the licence of everything that Posthouse runs on, from the metadata that is installed.

.venv/bin/python deploy/licences.py          # writes the page
"""

import re
import sys
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
PAGE: Final = ROOT / "docs" / "licences.md"
PINNED: Final = ROOT / "requirements" / "run.txt"
NOT_TOLD: Final = "not told"

HEAD: Final = """\
# Licences

What `requirements/run.txt` pins, and so what the image and an installed Posthouse hold beside Posthouse itself
(Apache-2.0). Taken from each package's own metadata by `.venv/bin/python deploy/licences.py`; a test fails where this
page is out of date. `make sbom` writes the same packages as a bill of materials (CycloneDX).

| package | version | licence |
|---|---|---|
"""

SPDX: Final = {
    "MIT License": "MIT",
    "Apache Software License": "Apache-2.0",
    "BSD License": "BSD",
    "ISC License": "ISC",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
"""Older metadata says licences in its own words; the page says them as SPDX does."""


def pinned(text: str) -> list[tuple[str, str]]:
    """Name and version of each line that pins."""
    found = re.findall(r"^([A-Za-z0-9_.-]+)(?:\[[^\]]*\])?==([^ \\;]+)", text, re.MULTILINE)
    return sorted((name, version) for name, version in found)


def licence(found: Distribution) -> str:
    """The SPDX expression where there is one, else the old free text if it is a line, else the classifiers."""
    metadata = found.metadata
    for field in ("License-Expression", "License"):
        text = metadata[field].strip() if field in metadata else ""
        if text and "\n" not in text and len(text) <= 40:
            return SPDX.get(text, text)
    told = [line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if line.startswith("License ::")]
    named = sorted({SPDX.get(word, word) for word in told if word != "OSI Approved"})
    return " or ".join(named) if named else NOT_TOLD


ELSEWHERE: Final = {"colorama": "BSD-3-Clause"}
"""Packages that are pinned for other systems only, and are not installed on this one."""


def page() -> str:
    """The whole page. PackageNotFoundError where one that is pinned is not installed."""
    rows = []
    for name, version in pinned(PINNED.read_text()):
        try:
            rows.append(f"| {name} | {version} | {licence(distribution(name))} |")
        except PackageNotFoundError:
            if name not in ELSEWHERE:
                raise
            rows.append(f"| {name} | {version} | {ELSEWHERE[name]} |")
    return HEAD + "\n".join(rows) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page())
    sys.stdout.write(f"{PAGE.relative_to(ROOT)}\n")
