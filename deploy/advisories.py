"""Asks for known holes in what is pinned: `advisories.py [--if-reachable]`, in the environment that holds pip-audit.

Exit 0: none is known. 1: some are, or not every package could be asked for. With --if-reachable a machine that
reaches no advisory service says so and passes; one that reaches it is as strict as ever.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).parents[1]
PINNED: Final = ROOT / "requirements" / "run.txt"
ASK: Final = ("-m", "pip_audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json", "-r")


def verdict(found: list[dict[str, Any]], *, if_reachable: bool) -> tuple[int, str]:
    """The exit status, and what to tell. found: pip-audit's `dependencies`."""
    holes = [
        f"{package['name']} {package['version']}: {hole['id']}, mended in {', '.join(hole['fix_versions']) or 'none'}"
        for package in found
        for hole in package.get("vulns", ())
    ]
    if holes:
        return 1, "\n".join(["known holes in what is pinned:", *holes])
    unasked = [package["name"] for package in found if "skip_reason" in package]
    if not found or (unasked and (len(unasked) < len(found) or not if_reachable)):
        return 1, f"no advisory service answered for: {', '.join(unasked) or 'anything'}"
    if unasked:
        return 0, "advisories: NOT asked, no advisory service is reached from here"
    return 0, f"advisories: none for {len(found)} packages"


def main(arguments: list[str]) -> int:
    asked = subprocess.run([sys.executable, *ASK, str(PINNED)], capture_output=True, text=True, check=False)  # noqa: S603  pip-audit
    if_reachable = "--if-reachable" in arguments
    try:
        found = json.loads(asked.stdout)["dependencies"]
    except ValueError:  # it could not even begin; its last line says why
        status, told = int(not if_reachable), "advisories: NOT asked: " + asked.stderr.strip().rpartition("\n")[2]
    else:
        status, told = verdict(found, if_reachable=if_reachable)
    sys.stdout.write(told + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
