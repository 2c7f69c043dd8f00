"""A tiny run of the whole harness: real responders, real client processes. No time is judged."""

import dataclasses
import json
import os
import socket
import ssl
import sys
from pathlib import Path

import pytest

from benchmarks import __main__ as program
from benchmarks import environments, machine, passes, responder, startup
from benchmarks.coordinator import Client, Pass, Place, run_pass
from benchmarks.report import write_report

pytestmark = [
    pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="pinning needs Linux"),
]
#: What the tests' own environment has stands in for the clean ones.
PYTHONS = {name: Path(sys.executable) for name in ("ours", "official", "certificates")}


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> responder.Trust:
    pytest.importorskip("trustme")
    return responder.make_trust(Path(sys.executable), tmp_path_factory.mktemp("trust"), None)


@pytest.fixture(scope="module")
def rsa(tmp_path_factory: pytest.TempPathFactory) -> responder.Trust:
    pytest.importorskip("trustme")
    return responder.make_trust(Path(sys.executable), tmp_path_factory.mktemp("rsa"), None, "RSA")


@pytest.fixture(params=["nginx", "python"])
def running(request: pytest.FixtureRequest, trust: responder.Trust, tmp_path: Path):
    if request.param == "nginx" and responder.find_nginx() is None:
        pytest.skip("no nginx on PATH or in /usr/sbin")
    with responder.start(trust, tmp_path, request.param == "nginx") as found:
        yield found


def make_place(running: responder.Responder, trust: responder.Trust, folder: Path) -> Place:
    return Place(PYTHONS, program.make_settings(running, trust), environments.child_environment(folder))


def ask(port: int, trust: responder.Trust | None, request: bytes) -> bytes:
    """All that comes until the responder is silent or closes."""
    sock = socket.create_connection((responder.HOST, port), 5)
    if trust is not None:
        context = ssl.create_default_context(cafile=str(trust.ca_file))
        sock = context.wrap_socket(sock, server_hostname=responder.HOST)
    with sock:
        sock.sendall(request)
        data = b""
        while data.count(b"}}") < request.count(b"POST / "):
            more = sock.recv(65536)
            if not more:
                break
            data += more
        return data


@pytest.fixture
def resuming(trust: responder.Trust, rsa: responder.Trust, tmp_path: Path):
    if responder.find_nginx() is None:
        pytest.skip("no nginx on PATH or in /usr/sbin")
    with responder.start(trust, tmp_path, True, rsa) as found:
        yield found


REQUEST = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 2\r\n\r\n{}"
LARGE = b"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 300000\r\n\r\n" + bytes(300000)


def test_both_responders_give_the_published_sample(running: responder.Responder, trust: responder.Trust) -> None:
    for port, given in ((running.plain, None), (running.tls, trust), (running.closing, trust)):
        head, _, body = ask(port, given, REQUEST).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert b"\r\nContent-Type: application/json\r\n" in head + b"\r\n"
        assert json.loads(body) == json.loads(responder.ANSWER)
        assert (b"Connection: close" in head) == (port == running.closing)


def test_both_responders_keep_the_connection_and_read_large_requests(
    running: responder.Responder, trust: responder.Trust
) -> None:
    assert ask(running.plain, None, REQUEST * 2).count(b"200 OK") == 2
    assert ask(running.plain, None, LARGE).count(b"200 OK") == 1
    assert ask(running.tls, trust, LARGE).count(b"200 OK") == 1


@pytest.mark.parametrize("version", ["TLS 1.3", "TLS 1.2"])
def test_nginx_resumes_a_session_of_each_version_with_a_certificate_of_rsa(
    resuming: responder.Responder, rsa: responder.Trust, version: str
) -> None:
    context = ssl.create_default_context(cafile=str(rsa.ca_file))
    session, found = None, []
    for _ in range(2):
        sock = socket.create_connection((responder.HOST, resuming.resuming[version]), 5)
        with context.wrap_socket(sock, server_hostname=responder.HOST, session=session) as secure:
            secure.sendall(REQUEST)
            while secure.recv(65536):
                pass
            session = secure.session
            found.append((secure.version(), secure.session_reused))
    assert found == [(version.replace("TLS ", "TLSv"), False), (version.replace("TLS ", "TLSv"), True)]
    assert b"BEGIN RSA PRIVATE KEY" in rsa.key.read_bytes()


@pytest.mark.proof
@pytest.mark.parametrize("version", passes.TLS_VERSIONS)
def test_every_client_of_new_connections_runs_and_the_bare_one_resumes(
    resuming: responder.Responder, trust: responder.Trust, rsa: responder.Trust, tmp_path: Path, version: str
) -> None:
    place = Place(PYTHONS, program.make_settings(resuming, trust, rsa), environments.child_environment(tmp_path))
    plan = next(plan for plan in passes.list_passes(True) if plan.name == passes.name_resuming(version))
    measured = run_pass(dataclasses.replace(plan, rounds=1, slice_seconds=0.001, warm_calls=2), place)
    assert measured.missing == {}
    assert set(measured.slices) == {client.label for client in plan.clients}


def test_without_nginx_the_clients_of_new_connections_say_why_they_did_not_run(
    trust: responder.Trust, rsa: responder.Trust, tmp_path: Path
) -> None:
    with responder.start(trust, tmp_path, False, rsa) as running:
        place = Place(PYTHONS, program.make_settings(running, trust, rsa), environments.child_environment(tmp_path))
        plan = next(plan for plan in passes.list_passes(True) if plan.tls_version == "TLS 1.2")
        measured = run_pass(plan, place)
    assert measured.missing[passes.NEW.label] == "only nginx has a port for TLS 1.2 alone, and it was not found"


@pytest.mark.proof
def test_a_run_measures_every_client_that_is_there_and_names_the_others(tmp_path: Path, trust: responder.Trust) -> None:
    plans = [
        dataclasses.replace(plan, rounds=2, slice_seconds=0.001, warm_calls=1, in_flight=min(2, plan.in_flight))
        for plan in passes.list_passes(True)
        if plan.is_tls
    ]
    results = program.Program(PYTHONS, tmp_path, True, prefer_nginx=False).run(plans, 0)
    assert list(results.passes) == [plan.name for plan in plans if plan.cpus == 1 or machine.choose_cpus().are_two]
    for plan in plans:
        measured = results.passes.get(plan.name)
        for client in plan.clients if measured else ():
            if plan.tls_version:
                assert "only nginx has a port" in measured.missing[client.label]
            elif client.environment in PYTHONS:
                assert len(measured.slices[client.label]) == 2, measured.missing
                assert all(piece.wall_us > 0 for piece in measured.slices[client.label])
            else:
                assert measured.missing[client.label] == f"there is no environment with {client.environment}"
    assert "| tencentserverless |" in write_report(results)


@pytest.mark.proof
@pytest.mark.parametrize("running", ["python", "nginx"], indirect=True)
def test_new_processes_imports_and_sizes_have_their_rows(
    running: responder.Responder, trust: responder.Trust, tmp_path: Path
) -> None:
    place = make_place(running, trust, tmp_path)
    first = startup.measure_first(place, 1)
    assert list(first.milliseconds) == ["bare script", "tencentserverless", "official SDK"]
    assert all(5 < values[0] < 500 for values in first.megabytes.values())
    imported = startup.measure_imports(place, 1)
    assert {"tencentserverless.scf", "tencentserverless.aio"} < set(imported.milliseconds)
    assert imported.source_kb["tencentserverless.scf"] > 50
    assert startup.BASE_IMPORT not in imported.modules


def test_the_modules_of_an_import_and_their_code_are_measured_beside_those_of_other_sources(tmp_path: Path) -> None:
    folder = tmp_path / "src" / "tencentserverless"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("")
    (folder / "scf.py").write_text(
        '"""' + "A docstring. " * 500 + '"""\n# A comment.\nimport tencentserverless.models\n'
    )
    (folder / "models.py").write_text("")
    place = Place({"ours": Path(sys.executable)}, {}, environments.child_environment(tmp_path))
    imported = startup.measure_imports(place, 1, tmp_path / "src")
    assert imported.modules[startup.BASE_IMPORT] == 3
    assert imported.modules[startup.OUR_IMPORT] > 20
    assert 0.1 < imported.code_kb[startup.BASE_IMPORT] < 1
    assert imported.code_kb[startup.OUR_IMPORT] > 100
    assert imported.outside_kb[startup.BASE_IMPORT] > 6


def test_a_client_that_fails_is_named_with_its_error(
    running: responder.Responder, trust: responder.Trust, tmp_path: Path
) -> None:
    broken = Client("broken", "sockets:prepare_nothing", "ours")
    plan = Pass("one", (passes.FLOOR, broken), rounds=1, slice_seconds=0.001, warm_calls=1)
    measured = run_pass(plan, make_place(running, trust, tmp_path))
    assert len(measured.slices[passes.FLOOR.label]) == 1
    assert "prepare_nothing" in measured.missing["broken"]


def test_clients_see_nothing_of_the_developers_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("PYTHONDONTWRITEBYTECODE", "SSL_CERT_FILE", "HTTPS_PROXY", "TENCENTCLOUD_SECRETID"):
        monkeypatch.setenv(name, "1")
    assert set(environments.child_environment(tmp_path)) == {"PATH", "HOME", "LANG"}


def test_installed_size_leaves_out_the_packages_of_the_extra(tmp_path: Path) -> None:
    packages = tmp_path / "lib" / "python3.11" / "site-packages"
    for name, size in (
        ("tencentserverless/scf.py", 1000),
        ("tencentserverless/__pycache__/scf.cpython-311.pyc", 500),
        ("tencentserverless/local/serve.py", 4000),
        ("tencentcloud/common/a.py", 10000),
        ("pip/a.py", 100000),
    ):
        path = packages / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(size))
    (tmp_path / "bin").mkdir()
    sizes = startup.measure_sizes(Place({"ours": tmp_path / "bin" / "python"}, {}, {}))
    assert sizes[startup.SDK_CODE] == startup.Size(1.0, 1.5)
    assert sizes["tencentserverless: the whole package"] == startup.Size(5.0, 5.5)
    assert sizes["tencentserverless with its one dependency"] == startup.Size(15.0, 15.5)
