"""The names of the files that configure functions, and those of a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

#: Read by the deploy tool, and by the local SCF (``getServerlessFilePath`` of @serverless/components).
SERVERLESS = ("serverless.yml", "serverless.yaml", "serverless.json")
TEMPLATES = ("template.yaml", "template.yml")
CLOUDBASE = "cloudbaserc.json"
CONSOLE = "config.json"  # if it is of a template of the console: code often has a file of that name
#: Files that configure functions and are not read, with the way out.
UNREAD = {
    "serverless.js": "it is a program; write what it returns into a serverless.yml",
    "serverless.ts": "it is a program; write what it returns into a serverless.yml",
    "cloudbaserc.js": "it is a program; write what it exports into a cloudbaserc.json",
    "cloudbaserc.yaml": "write it as cloudbaserc.json",
    "cloudbaserc.yml": "write it as cloudbaserc.json",
}
NAMES = frozenset((*SERVERLESS, *TEMPLATES, CLOUDBASE, CONSOLE, *UNREAD))
_MAX_LEVELS_ABOVE = 6


def find_present(folder: Path) -> frozenset[str]:
    """Return the names of the files of a folder that configure functions, by one look at the folder."""
    try:
        names = NAMES.intersection(os.listdir(folder))
    except OSError:
        return frozenset()
    return frozenset(name for name in names if (folder / name).is_file())


def find_serverless(folder: Path) -> Iterator[Path]:
    """Yield the serverless files of a folder."""
    return (folder / name for name in SERVERLESS if (folder / name).is_file())


def folders_above(root: Path) -> Iterator[Path]:
    """Yield the folders above PATH whose files can name its code: up to the top of its repository."""
    for folder in root.parents[:_MAX_LEVELS_ABOVE]:
        yield folder
        if (folder / ".git").exists():
            return
