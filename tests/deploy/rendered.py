"""Renders the chart with Helm's own engine and prints it as JSON. Runs in the Python of deploy/requirements/tools.txt.

python rendered.py CHART VALUES_AS_JSON
"""

import json
import sys
from importlib import import_module
from typing import Any


def main(chart: str, values: str) -> int:
    helm_python: Any = import_module("helm_python")  # Helm's Go code as a library
    complaints: dict[str, Any] = helm_python.lint(chart)
    with helm_python.Chart.load(chart) as loaded:
        try:
            loaded.validate_schema(json.loads(values))
            files = loaded.render(json.loads(values), name="mail", namespace="prod")
        except helm_python.HelmError as error:
            sys.stderr.write(f"{error}\n")
            return 1
    json.dump({"lint": complaints, "files": files}, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
