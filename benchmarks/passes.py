"""The passes of clients that take turns: the clients, the conditions, and the number of rounds."""

from __future__ import annotations

from dataclasses import replace

from benchmarks.coordinator import Client, Pass

IN_FLIGHT = 64
TLS_VERSIONS = ("TLS 1.3", "TLS 1.2")
KEYS_PASS = "64 in flight on asyncio, by where the keys are, plain"

FLOOR = Client("floor: bare socket, prebuilt request, JSON", "sockets:prepare_floor", "ours")
SIGNING = Client("bare script that signs and parses", "sockets:prepare_signing", "ours")
OURS = Client("tencentserverless", "sdks:prepare_ours", "ours")
NATIVE = Client("tencentserverless, native call", "sdks:prepare_ours_native", "ours")
OFFICIAL = Client("official SDK, keepAlive", "sdks:prepare_official", "official")
WIDE = Client("official SDK, its pool widened to 64", "sdks:prepare_official_wide", "official")
OLD = Client("tencentserverless 0.1.7", "sdks:prepare_old", "old")
HTTP_CLIENT = Client("http.client, signed by hand", "libraries:prepare_http_client", "libraries")
URLLIB3 = Client("urllib3, signed by hand", "libraries:prepare_urllib3", "libraries")
REQUESTS = Client("requests, signed by hand", "libraries:prepare_requests", "libraries")
HTTPX = Client("httpx, signed by hand", "libraries:prepare_httpx", "libraries")
CONNECTING = Client("bare TCP and TLS handshake, prebuilt request, JSON", "sockets:prepare_connecting", "ours")
FULL = Client("bare full handshake, context ready, prebuilt request, JSON", "sockets:prepare_connecting", "ours")
RESUMED = Client("bare resumed handshake, likewise", "sockets:prepare_resuming", "ours")
NEW = Client("tencentserverless, resuming", "sdks:prepare_ours", "ours")
TASK_FULL = Client("the same on asyncio: bare full handshake", "tasks:prepare_connecting", "ours")
TASK_NEW = Client("tencentserverless.aio, resuming", "tasks:prepare_ours", "ours")
TASK_FLOOR = Client("floor: bare BufferedProtocol, prebuilt request, JSON", "tasks:prepare_floor", "ours")
TASK_SIGNING = Client("bare BufferedProtocol that signs and parses", "tasks:prepare_signing", "ours")
TASK_OURS = Client("tencentserverless.aio", "tasks:prepare_ours", "ours")
AIOHTTP = Client("aiohttp, signed by hand", "tasks:prepare_aiohttp", "libraries")
TASK_HTTPX = Client("httpx, signed by hand", "tasks:prepare_httpx", "libraries")
MAP = Client("tencentserverless, map", "maps:prepare_ours", "ours")
MAP_JOURNAL = Client("tencentserverless, map with a journal", "maps:prepare_journal", "ours")
OFFICIAL_POOL = Client("official SDK, ThreadPoolExecutor", "maps:prepare_official", "official")
WIDE_POOL = Client("official SDK, its pool widened to 64, ThreadPoolExecutor", "maps:prepare_official_wide", "official")
TASK_MAP = Client("tencentserverless.aio, map", "tasks:prepare_map", "ours")
TASK_PROFILE = Client("tencentserverless.aio, keys of the profile file", "tasks:prepare_profile", "ours")

FAST = (FLOOR, SIGNING, OURS, NATIVE)
SLOW = (FLOOR, OURS, HTTP_CLIENT, URLLIB3, REQUESTS, HTTPX, OFFICIAL)
TASKS = (TASK_FLOOR, TASK_SIGNING, TASK_OURS, TASK_MAP)
SLOW_TASKS = (TASK_FLOOR, TASK_OURS, AIOHTTP, TASK_HTTPX)
RESUMING = (FULL, RESUMED, NEW, TASK_FULL, TASK_NEW)
MAPS = (MAP, MAP_JOURNAL)
SLOW_MAPS = (MAP, OFFICIAL_POOL, WIDE_POOL)
THREADS = (FLOOR, OURS, OFFICIAL, WIDE, URLLIB3)


def name_resuming(version: str) -> str:
    """Name the pass of new connections to a host that was seen before."""
    return f"new connections to a host seen before, RSA, {version}"


def list_passes(is_quick: bool) -> list[Pass]:
    """List every pass. Slow clients have passes of their own, for the sake of the CPU's caches."""
    plans = []
    for scheme in ("plain", "TLS"):
        is_tls = scheme == "TLS"
        plans += [
            Pass(f"warm calls, two CPUs, {scheme}", FAST, is_tls, rounds=90),
            Pass(f"warm calls, one CPU, {scheme}", FAST, is_tls, cpus=1, rounds=60),
            Pass(f"warm calls of every client, two CPUs, {scheme}", SLOW, is_tls, rounds=40, slice_seconds=0.06),
            Pass(
                f"64 in flight on asyncio, {scheme}", TASKS, is_tls, in_flight=IN_FLIGHT, rounds=40, slice_seconds=0.1
            ),
            Pass(
                f"64 in flight on asyncio, every client, {scheme}",
                SLOW_TASKS,
                is_tls,
                in_flight=IN_FLIGHT,
                rounds=12,
                slice_seconds=0.15,
            ),
            Pass(
                f"64 threads on one client, {scheme}", THREADS, is_tls, in_flight=IN_FLIGHT, rounds=5, slice_seconds=0.4
            ),
            Pass(f"64 in flight by map, {scheme}", MAPS, is_tls, in_flight=IN_FLIGHT, rounds=30, slice_seconds=0.3),
            Pass(
                f"64 in flight by map, every client, {scheme}",
                SLOW_MAPS,
                is_tls,
                in_flight=IN_FLIGHT,
                rounds=5,
                slice_seconds=0.5,
            ),
        ]
    plans += [
        Pass(KEYS_PASS, (TASK_OURS, TASK_PROFILE), in_flight=IN_FLIGHT, rounds=40, slice_seconds=0.1),
        Pass("new connections, TLS", (CONNECTING, OURS), True, is_closing=True, rounds=60, slice_seconds=0.05),
        *(
            Pass(name_resuming(version), RESUMING, True, rounds=60, slice_seconds=0.1, tls_version=version)
            for version in TLS_VERSIONS
        ),
        Pass("one call of 0.1.7, TLS", (OURS, OLD), True, rounds=30, slice_seconds=0.08),
        Pass("one call of 0.1.7, plain", (OURS, OLD), rounds=20, slice_seconds=0.06),
    ]
    return [shorten(plan) for plan in plans] if is_quick else plans


def shorten(plan: Pass) -> Pass:
    """Shorten the passes to few rounds, for development."""
    return replace(
        plan,
        rounds=3 if plan.in_flight > 1 else max(5, plan.rounds // 8),
        slice_seconds=plan.slice_seconds / 3,
    )
