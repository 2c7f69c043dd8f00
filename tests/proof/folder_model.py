"""A function in a folder, as docs/understand/local-functions.md has it: the last change counts.

Only the rules are in here, and none of the server's code: a function has the code of its folder until the API changes
it, and again when the folder changes, which brings its settings where the manifest says others.
"""

from dataclasses import dataclass, field

LATEST = "$LATEST"
GONE, AWAY = "there is none", "its folder is away"


@dataclass
class Fn:
    """What a function should be.

    :ivar folder: the word and the memory that its folder held when it was seen last
    :ivar is_absent: no folder holds it
    :ivar code: the word of ``$LATEST``; ``is_sent`` if it came through the API
    """

    folder: "tuple[str, int] | None" = None
    is_absent: bool = True
    exists: bool = False
    code: str = ""
    is_sent: bool = False
    memory: int = 128
    timeout: int = 3
    versions: "dict[str, str]" = field(default_factory=dict)
    given: int = 0
    aliases: "dict[str, str]" = field(default_factory=dict)
    reserved: "int | None" = None
    has_timer: bool = False

    def begin(self, word: str, memory: int, *, is_sent: bool) -> None:
        """It is new."""
        self.exists, self.code, self.is_sent, self.memory, self.timeout = True, word, is_sent, memory, 3
        self.versions, self.given, self.aliases = {}, 0, {"$DEFAULT": LATEST}
        self.reserved, self.has_timer = None, False

    def meet(self, content: "tuple[str, int] | None") -> None:
        """Its folder is looked at."""
        self.is_absent = content is None
        if content is None or content == self.folder:
            return
        before, self.folder = self.folder, content
        if not self.exists:
            self.begin(*content, is_sent=False)
            return
        self.code, self.is_sent = content[0], False
        if before is None or before[1] != content[1]:
            self.memory, self.timeout = content[1], 3

    @property
    def is_away(self) -> bool:
        """Its code is in a folder that is not there."""
        return self.exists and self.is_absent and not self.is_sent

    @property
    def is_found(self) -> bool:
        """The API knows it."""
        return self.exists and (not self.is_away or bool(self.versions))

    def facts(self) -> "dict[str, object]":
        """What the API should say."""
        if self.is_away or not self.exists:
            facts: dict[str, object] = {"code": AWAY if self.exists else GONE}
        else:
            facts = {"code": self.code}
        if self.is_found:
            facts |= {"memory": self.memory, "timeout": self.timeout, "reserved": self.reserved}
            facts |= {"versions": self.versions, "aliases": self.aliases, "timers": ["keep"] * self.has_timer}
        return facts
