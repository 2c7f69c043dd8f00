"""The file of a journal: its path, and what is at that path, are checked before it is opened."""

import os
import stat


def resolve_path(path: object) -> str:
    """Check a journal's path, and make it absolute, so that a later change of the working folder has no effect.

    :raises TypeError, ValueError: for what cannot be the path of a journal
    """
    if not isinstance(path, (str, os.PathLike)) or not isinstance(os.fspath(path), str):
        raise TypeError("the journal's path must be a str or a pathlib.Path, not {!r}".format(path))
    text = os.fspath(path)
    if not text.strip():
        raise ValueError("the journal's path is empty: {!r}".format(text))
    if text == ":memory:" or text.startswith("file:"):
        raise ValueError("the journal's path must be that of a file on disk, not {!r}".format(text))
    if "\0" in text:
        raise ValueError("the journal's path has a NUL in it: {!r}".format(text))
    try:
        return os.path.abspath(text)
    except OSError as error:  # the working folder was removed
        raise ValueError("the journal {!r} cannot be found: {}".format(text, error.strerror)) from error


def check_file(path: str, is_made: bool) -> None:
    """Refuse a file that cannot be a journal, before it is opened.

    :param is_made: True if the file may be missing
    :raises ValueError: if it is no file, or has several names
    """
    try:
        facts = os.stat(path)
    except FileNotFoundError as error:
        if not is_made:
            raise ValueError("there is no journal {}".format(path)) from error
    except (OSError, UnicodeError) as error:
        raise ValueError("the journal {!r} cannot be used: {}".format(path, error)) from error
    else:
        if not stat.S_ISREG(facts.st_mode):
            kind = "a folder" if stat.S_ISDIR(facts.st_mode) else "no regular file"
            raise ValueError("the journal must be a file, and {} is {}".format(path, kind))
        if facts.st_nlink > 1:
            # SQLite's log has the name of the file, so that there would be one for each name.
            raise ValueError("the journal {} has another name, too (a hard link); use a copy".format(path))
