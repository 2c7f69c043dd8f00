"""Ask pyright whether every public name of the package has a full type: 100 % or a failure.

Run it with the Python of an environment that has the package and pyright.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PACKAGE = "tencentserverless"
#: The API's own errors derive from Tencent's exception class, and Tencent's package has no types. Pyright calls such a
#: class unknown for its base alone; its methods and attributes are symbols of their own and are judged like all others.
UNTYPED_FAMILY = f"{PACKAGE}.exception."
UNTYPED_BASE = ("Type of metaclass unknown", "Type of base class")


def ask_pyright(package: str) -> dict[str, Any]:
    """Pyright's report on a package, decoded. It finds the package through the environment that comes first in PATH."""
    scripts = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(scripts / "pyright"), "--verifytypes", package, "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["typeCompleteness"]  # type: ignore[no-any-return]
    except (ValueError, KeyError):
        sys.exit(f"pyright gave no report:\n{done.stdout}{done.stderr}")


def is_known(symbol: dict[str, Any]) -> bool:
    """Is its type full, but for a base that is Tencent's?"""
    if symbol["isTypeKnown"]:
        return True
    messages = [item["message"] for item in symbol["diagnostics"]]
    in_family = symbol["category"] == "class" and symbol["name"].startswith(UNTYPED_FAMILY)
    return in_family and bool(messages) and all(message.startswith(UNTYPED_BASE) for message in messages)


def list_causes(symbols: list[dict[str, Any]]) -> Iterator[str]:
    """What makes symbols unknown, without those that only contain or derive from an unknown one."""
    for symbol in symbols:
        for item in symbol["diagnostics"]:
            message = " ".join(item["message"].split())
            if item["file"] and "partially unknown" not in message:
                yield f"{item['file']}:{item['range']['start']['line'] + 1}: {symbol['name']}: {message}"


def main() -> int:
    """Print what is unknown, and the score."""
    symbols = [symbol for symbol in ask_pyright(PACKAGE)["symbols"] if symbol["isExported"]]
    unknown = [symbol for symbol in symbols if not is_known(symbol)]
    causes = list(list_causes(unknown))
    for line in causes or [symbol["name"] for symbol in unknown]:
        print(line)
    print(f"public API: {len(symbols) - len(unknown)} of {len(symbols)} symbols of {PACKAGE} have a full type")
    return 0 if symbols and not unknown else 1


if __name__ == "__main__":
    sys.exit(main())
