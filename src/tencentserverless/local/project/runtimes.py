"""Runtime names and handlers as a file gives them: their spelling, their forms, their defaults.

Source: ``getLang`` and ``handler`` in src/config.js of serverless-components/tencent-scf; for the forms
document/product/583/9210 and the guides of each language.
"""

import re

from tencentserverless.local.registry import function_version
from tencentserverless.local.worker.interpreters import CUSTOM_RUNTIME, OTHER_RUNTIMES, is_known

_FAMILIES = ("Python", "Nodejs", "Php", "Java", "Golang", "Go")
_FAMILY = re.compile(rf"({'|'.join(_FAMILIES)})(\d+(?:\.\d+)?)\Z", re.IGNORECASE)
_SPELLINGS = {name.lower(): name for name in OTHER_RUNTIMES}
_HANDLERS = {"Go": "main", "Golang": "main", "Java": "example.Hello::mainHandler"}
_FILE_FAMILIES = ("Python", "Nodejs", "Php")
_JAVA = re.compile(r"[\w.$]+::\w+\Z")
DEFAULT_HANDLER = "index.main_handler"
IMAGE_RUNTIME = "CustomImage"


def spelled(name: str) -> str | None:
    """Return a runtime's name in the platform's spelling; None if it is no such name.

    The list is open at its end: a newer version of a known language is a runtime too.
    """
    if is_known(name):
        return name
    if name.lower() in _SPELLINGS:
        return _SPELLINGS[name.lower()]
    match = _FAMILY.match(name)
    if match is None:
        return None
    family = next(each for each in _FAMILIES if each.lower() == match[1].lower())
    name = f"{family}{match[2]}"
    return name if is_known(name) else None


def family(runtime: str) -> str:
    """Return the language of a runtime: ``Python`` of ``Python3.9``; the name itself for the others."""
    match = _FAMILY.match(runtime)
    return match[1] if match else runtime


def default_handler(runtime: str) -> str:
    """Return the tool's handler for a function that names none."""
    return _HANDLERS.get(family(runtime), DEFAULT_HANDLER)


def handler_rule(runtime: str) -> str:
    """Describe the form of a runtime's handlers."""
    if family(runtime) in _FILE_FAMILIES:
        return "'file.function', each 2 to 60 characters, such as index.main_handler"
    if family(runtime) == "Java":
        return "'package.Class::method', such as example.Hello::mainHandler"
    return f"1 to {function_version.MAX_OTHER_HANDLER_CHARS} characters without NUL"


def fits_handler(handler: str, runtime: str) -> bool:
    """True if a handler has the form that its runtime asks for."""
    if family(runtime) in _FILE_FAMILIES:
        return function_version.HANDLER.match(handler) is not None
    if family(runtime) == "Java":
        return _JAVA.match(handler) is not None and function_version.is_other_handler(handler)
    return function_version.is_other_handler(handler)


def names_file(runtime: str) -> bool:
    """True if the handlers of a runtime name a file and a function in it."""
    return family(runtime) in _FILE_FAMILIES and runtime != CUSTOM_RUNTIME
