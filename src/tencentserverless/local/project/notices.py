"""The lines about a file: notices, doubts and faults, each with file, line and key."""

import difflib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import ParamSpec, TypeVar

from tencentserverless.local.errors import StartupError

_Read = TypeVar("_Read")
_Default = TypeVar("_Default")
_Values = ParamSpec("_Values")


@dataclass(slots=True)
class Report:
    """The lines about one function, or about a file.

    :ivar notices: what the user should know
    :ivar doubts: as notices, and reasons not to deploy the function
    :ivar faults: reasons why the function can't be read
    """

    notices: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def notice(self, line: str) -> None:
        """Add a notice, once."""
        if line not in self.notices:
            self.notices.append(line)

    def doubt(self, line: str) -> None:
        """Add a doubt, once."""
        if line not in self.doubts:
            self.doubts.append(line)

    def attempt(
        self, default: _Default, read: Callable[_Values, _Read], *values: _Values.args, **named: _Values.kwargs
    ) -> _Read | _Default:
        """Return what ``read`` returns of these values; the default after a fault, which is kept."""
        try:
            return read(*values, **named)
        except StartupError as error:
            if str(error) not in self.faults:
                self.faults.append(str(error))
            return default


def near_miss(name: str, known: Iterable[str]) -> str:
    """Return ``; did you mean NAME?`` if a known name is near, else an empty text."""
    names = {each.lower(): each for each in sorted(known)}
    found = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.7)
    return f"; did you mean {names[found[0]]}?" if found else ""
