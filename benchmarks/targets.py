"""The targets: each figure, its limit, and its place in the results."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from benchmarks import passes, startup
from benchmarks.results import Results

Found = TypeVar("Found")
Find = Callable[[Results], "float | None"]


@dataclass(frozen=True)
class Target(Generic[Found]):
    """One figure and its limit.

    :ivar find: reads the figure from the results of a run, None if it was not measured
    :ivar is_ceiling: True if the limit is the greatest allowed value, False if it is the least
    :ivar find_other_limit: reads a limit that stands in for ``limit`` where it is easier, None if it was not measured
    :ivar describe: describes how the figure was found in a run
    :ivar terms: that description, "" before ``settle``
    """

    figure: str
    limit: float
    find: Callable[[Found], "float | None"]
    unit: str = ""
    is_ceiling: bool = True
    find_other_limit: Callable[[Found], "float | None"] | None = None
    describe: Callable[[Found], str] | None = None
    terms: str = ""

    def settle(self, found: Found) -> Target[Found]:
        """Make the target of one run: with the limit that counts in it, and with how the figure was found."""
        other = self.find_other_limit(found) if self.find_other_limit else None
        choose = max if self.is_ceiling else min
        limit = self.limit if other is None else choose(self.limit, round(other, 2))
        return replace(self, limit=limit, terms=self.describe(found) if self.describe else "")

    @property
    def limit_text(self) -> str:
        """The limit, as ``<= 1.35`` or ``>= 11``."""
        return f"{'<=' if self.is_ceiling else '>='} {self.limit:g}{self.unit}"

    def is_met(self, value: float) -> bool:
        """True if this value keeps to the limit."""
        return value <= self.limit if self.is_ceiling else value >= self.limit


def read(name: str, label: str, attribute: str, baseline: str | None = None) -> Find:
    """Read a figure of a client in a pass."""

    def find(results: Results) -> float | None:
        figures = results.compare(name, label, baseline)
        return None if figures is None else float(getattr(figures, attribute))

    return find


def compare_peer(name: str, peer: str, ours: str, attribute: str) -> Find:
    """The ratio of a peer's cost to ours, in a pass that has both."""
    return read(name, peer, attribute, ours)


def add(find: Find, more: float) -> Find:
    """Read a figure, and add to it."""

    def find_sum(results: Results) -> float | None:
        value = find(results)
        return None if value is None else value + more

    return find_sum


def describe_pass(name: str, label: str) -> Callable[[Results], str]:
    """Describe how the figures of a client in a pass were found, or why there are none."""

    def describe(results: Results) -> str:
        measured = results.passes.get(name)
        if measured is None:
            return ""
        return results.describe(measured.method) if label in measured.slices else measured.missing.get(label, "")

    return describe


def describe_imports(results: Results) -> str:
    """Describe how the figures of the import were found."""
    values = results.imported.milliseconds.get(startup.OUR_IMPORT)
    commit = results.about.get("Commit", "")
    return f"median of {len(values)} new processes of each, in turns, no TLS, no peer, {commit}" if values else ""


def find_modules(results: Results) -> float | None:
    """The number of our modules that the import loads."""
    return results.imported.modules.get(startup.OUR_IMPORT)


def find_code_ratio(results: Results) -> float | None:
    """The size of the loaded modules' code without docstrings, over that of the earlier commit."""
    sizes = results.imported.code_kb
    ours, base = sizes.get(startup.OUR_IMPORT), sizes.get(startup.BASE_IMPORT)
    return ours / base if ours and base else None


def find_import_ms(results: Results) -> float | None:
    """Milliseconds of our import over the bare imports."""
    values = results.imported.milliseconds.get(startup.OUR_IMPORT)
    return statistics.median(values) if values else None


def find_source_kb(results: Results) -> float | None:
    """KB of source that our import loads, outside the standard library."""
    return results.imported.outside_kb.get(startup.OUR_IMPORT)


def find_code_kb(results: Results) -> float | None:
    """KB of the SDK's code on disk."""
    size = results.sizes.get(startup.SDK_CODE)
    return size.source_kb if size else None


def find_compiled_kb(results: Results) -> float | None:
    """The same with the bytecode that pip makes."""
    size = results.sizes.get(startup.SDK_CODE)
    return size.total_kb if size else None


def list_warm() -> Iterator[Target[Results]]:
    """List the targets of warm calls, one after the other."""
    ours = passes.OURS.label
    # In place of limits over the floor (wall 1.35 and 1.4, CPU 1.7, 15 us on one CPU), whose request is prebuilt: no
    # client that signs and parses could meet those.
    for scheme in ("plain", "TLS"):
        find = read(f"warm calls, two CPUs, {scheme}", ours, "cpu_ratio", passes.SIGNING.label)
        yield Target(f"warm call on two CPUs, {scheme}: CPU / a bare script that signs and parses", 1.05, find)
    for scheme in ("plain", "TLS"):
        name = f"warm calls of every client, two CPUs, {scheme}"
        find = compare_peer(name, passes.OFFICIAL.label, ours, "cpu_ratio")
        yield Target(f"CPU a call, official SDK (client reused) / ours, two CPUs, {scheme}", 11, find, is_ceiling=False)
    find = compare_peer("one call of 0.1.7, TLS", passes.OLD.label, ours, "wall_ratio")
    yield Target("wall a call over TLS, 0.1.7 / ours", 150, find, is_ceiling=False)


def list_connections() -> Iterator[Target[Results]]:
    """List the targets of new connections."""
    figure = "new connection over TLS within one process / bare TCP and TLS handshake: "
    for word, limit, attribute in (("wall", 1.15, "wall_ratio"), ("CPU", 1.2, "cpu_ratio")):
        yield Target(figure + word, limit, read("new connections, TLS", passes.OURS.label, attribute))
    for version, limits in (("TLS 1.3", (0.85, 1.05)), ("TLS 1.2", (0.65, 0.85))):
        name = passes.name_resuming(version)
        figure = f"new connection to a host seen before, {version} / bare full handshake with a ready context: "
        for word, limit, attribute in zip(("wall", "CPU"), limits, ("wall_ratio", "cpu_ratio"), strict=True):
            yield Target(
                figure + word,
                limit,
                read(name, passes.NEW.label, attribute),
                find_other_limit=add(read(name, passes.RESUMED.label, attribute), 0.1),
                describe=describe_pass(name, passes.NEW.label),
            )


def list_concurrent() -> Iterator[Target[Results]]:
    """List the targets of threads and asyncio."""
    for scheme in ("plain", "TLS"):
        name = f"64 threads on one client, {scheme}"
        find = compare_peer(name, passes.OFFICIAL.label, passes.OURS.label, "cpu_ratio")
        yield Target(
            f"64 threads on one client, calls per CPU-second over the official SDK's, {scheme}",
            9,
            find,
            is_ceiling=False,
        )
    # In place of 2.0 and 1.8 over one whose requests are prebuilt, which no client that signs and parses could meet.
    for scheme in ("plain", "TLS"):
        name = f"64 in flight on asyncio, {scheme}"
        yield Target(
            f"asyncio, 64 in flight, CPU a call / a bare BufferedProtocol that signs and parses, {scheme}",
            1.4,
            read(name, passes.TASK_OURS.label, "cpu_ratio", passes.TASK_SIGNING.label),
            describe=describe_pass(name, passes.TASK_OURS.label),
        )
    for scheme in ("plain", "TLS"):
        name = f"64 in flight on asyncio, every client, {scheme}"
        find = compare_peer(name, passes.AIOHTTP.label, passes.TASK_OURS.label, "cpu_ratio")
        yield Target(f"aiohttp with hand-made signing / ours, CPU, {scheme}", 3, find, is_ceiling=False)


def list_maps() -> Iterator[Target[Results]]:
    """List the targets of maps."""
    # In place of 25 for both: over TLS the official SDK as it comes drops connections above 10, to our advantage.
    for scheme, limit, peer in (("plain", 20, passes.OFFICIAL_POOL), ("TLS", 17, passes.WIDE_POOL)):
        name = f"64 in flight by map, every client, {scheme}"
        find = compare_peer(name, peer.label, passes.MAP.label, "cpu_ratio")
        yield Target(f"map, calls per CPU-second over {peer.label}, {scheme}", limit, find, is_ceiling=False)
    for scheme in ("plain", "TLS"):
        name = f"64 in flight on asyncio, {scheme}"
        find = compare_peer(name, passes.TASK_MAP.label, passes.TASK_OURS.label, "cpu_ratio")
        yield Target(f"`AsyncClient.map` over gathered `AsyncClient.invoke`, CPU a call, {scheme}", 1.25, find)
    find = read(passes.KEYS_PASS, passes.TASK_PROFILE.label, "cpu_ratio", passes.TASK_OURS.label)
    yield Target("keys of the profile file over explicit ones, asyncio, CPU a call", 1.05, find)
    yield Target("memory growth during a map of 100,000 calls", 20, lambda results: results.map_growth_mb, " MB")
    for scheme in ("plain", "TLS"):
        name = f"64 in flight by map, {scheme}"
        journal = read(name, passes.MAP_JOURNAL.label, "wall_ratio")
        yield Target(f"map with a journal, wall a call over one without, {scheme}", 1.33, journal)


def list_process() -> Iterator[Target[Results]]:
    """List the targets of new processes and of the size on disk."""
    yield Target("5,000 doubts settled among 100,000 rows of a journal", 1, lambda found: found.settle_seconds, " s")
    threads: Find = lambda results: results.look_up_threads  # noqa: E731
    yield Target("threads during an outage of name look-up, 64 tasks", 8, threads)
    ours, bare = startup.FIRST_OURS.label, startup.BARE.label
    yield Target(
        "import of `tencentserverless.scf` over a bare import of ssl, json, socket, hashlib, hmac",
        8,
        find_import_ms,
        " ms",
        describe=describe_imports,
    )
    yield Target("modules of ours that it loads", 30, find_modules, describe=describe_imports)
    figure = f"their code without docstrings / commit {startup.BASE_COMMIT}'s"
    yield Target(figure, 1, find_code_ratio, describe=describe_imports)
    yield Target("source loaded by that import, outside the standard library", 120, find_source_kb, " KB")
    first: Find = lambda results: results.compare_first(ours, bare)  # noqa: E731
    memory: Find = lambda results: results.compare_memory(ours, bare)  # noqa: E731
    yield Target("new process to first result over TLS / the bare script's time", 1.2, first)
    yield Target("resident memory after import and one TLS call, over the bare script", 3, memory, " MB")
    yield Target("SDK code installed, without the dependency", 400, find_code_kb, " KB")
    yield Target("the same with bytecode", 400, find_compiled_kb, " KB")


def list_targets() -> list[Target[Results]]:
    """List every target, in the order of the table."""
    return [*list_warm(), *list_connections(), *list_concurrent(), *list_maps(), *list_process()]
