"""The memory that the server and its functions may use together: the machine's, or the limit of their control group.

A container has a control group. Where its memory is used up, the kernel kills a process of it; instances are killed
before the server. Only Linux has control groups.
"""

import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

_OWN_GROUPS = Path("/proc/self/cgroup")
_PROCESSES = Path("/proc")
_MOUNT = Path("/sys/fs/cgroup")
_HIGH_SHARE = 0.9  # of a limit: from this use on, memory is short
_KILL_SCORE = 500  # the kernel counts an instance as if it held so many thousandths of the memory more
_MAX_KILL_SCORE = 1000


@dataclass(frozen=True, slots=True)
class MemoryGroup:
    """A control group with a limit.

    :param cache_key: the line of ``memory.stat`` that counts cached file pages, which the kernel frees on demand
    """

    limit_bytes: int
    usage_file: Path
    stat_file: Path
    cache_key: str

    def is_nearly_full(self) -> bool:
        """True if the group uses nearly all of its memory, not counting cached file pages."""
        used_bytes = _read_number(self.usage_file)
        high_bytes = int(self.limit_bytes * _HIGH_SHARE)
        if used_bytes is None or used_bytes <= high_bytes:
            return False
        return used_bytes - self._cached_bytes() > high_bytes

    def _cached_bytes(self) -> int:
        for line in _read(self.stat_file).splitlines():
            key, _, value = line.partition(" ")
            if key == self.cache_key and value.isdigit():
                return int(value)
        return 0


@dataclass(frozen=True, slots=True)
class MemoryLimit:
    """The memory of the machine, and the control groups that allow less, this process's own first.

    :param machine_bytes: None if the system does not tell
    """

    machine_bytes: int | None
    groups: Sequence[MemoryGroup]

    @property
    def usable_bytes(self) -> int | None:
        """The memory that may be used, None if the system does not tell."""
        sizes = [group.limit_bytes for group in self.groups]
        if self.machine_bytes is not None:
            sizes.append(self.machine_bytes)
        return min(sizes, default=None)

    def is_memory_short(self) -> bool:
        """True if a control group uses nearly all of its memory. Without a limit this reads no file."""
        return any(group.is_nearly_full() for group in self.groups)


def read_memory_limit(own_groups: Path = _OWN_GROUPS, mount: Path = _MOUNT) -> MemoryLimit:
    """Read the limit of this process. A group that allows more than the machine has does not count."""
    machine_bytes = _machine_bytes()
    groups = list(_limited_groups(_read(own_groups), mount))
    if machine_bytes is not None:
        groups = [group for group in groups if group.limit_bytes < machine_bytes]
    return MemoryLimit(machine_bytes, groups)


def let_server_live_longer(pid: int, processes: Path = _PROCESSES) -> None:
    """Let the kernel kill a child and its children before the server, where memory is used up. May be refused."""
    with contextlib.suppress(OSError, ValueError):
        own_score = int((processes / "self" / "oom_score_adj").read_text(encoding="ascii"))
        score = min(own_score + _KILL_SCORE, _MAX_KILL_SCORE)
        (processes / str(pid) / "oom_score_adj").write_text(f"{score}\n", encoding="ascii")


def _limited_groups(own_groups: str, mount: Path) -> Iterator[MemoryGroup]:
    """Yield the groups that have a limit, of both versions: the own one, and those around it.

    In a container the path may be that of the host, which is not there; its own group is then the mounted folder.
    """
    for line in own_groups.splitlines():
        number, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if number == "0" and not controllers:
            for folder in _folders(mount, path):
                yield from _limited_group(folder, "memory.max", "memory.current", "inactive_file")
        elif "memory" in controllers.split(","):
            for folder in _folders(mount / "memory", path):
                yield from _limited_group(
                    folder, "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"
                )


def _folders(mount: Path, path: str) -> Iterator[Path]:
    folder = Path(
        os.path.normpath("/" + path.lstrip("/"))
    )  # the path begins with .. if the group is outside of the namespace
    for name in (folder, *folder.parents):
        yield mount / name.relative_to("/")


def _limited_group(folder: Path, limit_name: str, usage_name: str, cache_key: str) -> Iterator[MemoryGroup]:
    limit_bytes = _read_number(folder / limit_name)  # version 2 says "max" where there is none
    if limit_bytes:
        yield MemoryGroup(limit_bytes, folder / usage_name, folder / "memory.stat", cache_key)


def _machine_bytes() -> int | None:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError):
        return None


def _read_number(path: Path) -> int | None:
    text = _read(path).strip()
    return int(text) if text.isdigit() else None


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
