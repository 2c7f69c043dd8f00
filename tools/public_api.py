"""Check with pyright that every public name of the package has a full type.

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
#: The errors of the API derive from Tencent's exception class, and Tencent's package has no types. Pyright calls such a
#: class unknown because of its base alone; its methods and attributes are separate symbols, which are checked as usual.
UNTYPED_FAMILY = f"{PACKAGE}.exception."
UNTYPED_BASE = ("Type of metaclass unknown", "Type of base class")


def ask_pyright(package: str) -> dict[str, Any]:
    """The decoded report of pyright on a package. Pyright finds the package through the first environment in PATH."""
    scripts = Path(sys.executable).parent
    environ = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = [str(scripts / "pyright"), "--verifytypes", package, "--ignoreexternal", "--outputjson"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    try:
        return json.loads(done.stdout)["typeCompleteness"]  # type: ignore[no-any-return]
    except (ValueError, KeyError):
        sys.exit(f"pyright gave no report:\n{done.stdout}{done.stderr}")


def is_known(symbol: dict[str, Any]) -> bool:
    """True if the type of a symbol is full, except for a base class of Tencent's."""
    if symbol["isTypeKnown"]:
        return True
    messages = [item["message"] for item in symbol["diagnostics"]]
    in_family = symbol["category"] == "class" and symbol["name"].startswith(UNTYPED_FAMILY)
    return in_family and bool(messages) and all(message.startswith(UNTYPED_BASE) for message in messages)


def list_causes(symbols: list[dict[str, Any]]) -> Iterator[str]:
    """List the causes of unknown types, without symbols that only contain or derive from an unknown symbol."""
    for symbol in symbols:
        for item in symbol["diagnostics"]:
            message = " ".join(item["message"].split())
            if item["file"] and "partially unknown" not in message:
                yield f"{item['file']}:{item['range']['start']['line'] + 1}: {symbol['name']}: {message}"


def main() -> int:
    """Print the causes of unknown types, and the share of known ones."""
    symbols = [symbol for symbol in ask_pyright(PACKAGE)["symbols"] if symbol["isExported"]]
    unknown = [symbol for symbol in symbols if not is_known(symbol)]
    causes = list(list_causes(unknown))
    for line in causes or [symbol["name"] for symbol in unknown]:
        print(line)
    print(f"public API: {len(symbols) - len(unknown)} of {len(symbols)} symbols of {PACKAGE} have a full type")
    return 0 if symbols and not unknown else 1


if __name__ == "__main__":
    sys.exit(main())
