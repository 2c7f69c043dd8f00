"""The ``.env`` files of a project, as the deploy tool reads them.

Source: src/cli/index.js of @serverless/components 3.18: one file is read, the first of ``.env.STAGE`` and ``.env`` in
the folder, in its parent and in its grandparent; what the environment has already is kept. The form is dotenv's.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

_LINE = re.compile(r"\s*([\w.-]+)\s*=\s*(.*)?\s*\Z")
_NAME = ".env"
LEVELS_ABOVE = 2  # after the folder, its parent and its grandparent


def is_env_file(name: str) -> bool:
    """True if a file of that name can hold variables: ``.env``, or ``.env.STAGE``."""
    return name == _NAME or name.startswith(f"{_NAME}.")


def candidates(folder: Path, stage: str) -> Iterator[Path]:
    """Yield the files that may hold a folder's variables, the first one first."""
    for place in (folder, *folder.parents[:LEVELS_ABOVE]):
        yield place / f"{_NAME}.{stage}"
        yield place / _NAME


def read_variables(folder: Path, stage: str, environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables of the first ``.env`` file of a folder, and those of the environment before them."""
    for path in candidates(folder, stage):
        if path.is_file():
            try:
                return {**parse(path.read_text(encoding="utf-8", errors="replace")), **environment}
            except OSError:
                break
    return environment


def parse(text: str) -> dict[str, str]:
    """Parse the text of a ``.env`` file."""
    found = {}
    for line in text.splitlines():
        match = _LINE.match(line)
        if match:
            found[match[1]] = _value(match[2] or "")
    return found


def _value(text: str) -> str:
    text = text.strip()
    if len(text) > 1 and text[0] == text[-1] == '"':
        return text[1:-1].replace("\\n", "\n")
    return text[1:-1] if len(text) > 1 and text[0] == text[-1] == "'" else text
