"""The fixture in projects of users: folders, marker and setting, both targets, reports, the environment."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tencentserverless.local import Local
from tests.conftest import child_environment
from tests.local.worker.isolating import WAYS, need_namespaces
from tests.testing.conftest import STRANGERS, write_files

ECHO = "def main_handler(event, context):\n    print('saw', event)\n    return [{name!r}, event]\n"


def make_folder(folder: Path, *names: str) -> None:
    write_files(folder, {f"{name}/index.py": ECHO.format(name=f"{folder.name}/{name}") for name in names})


@pytest.mark.proof
def test_folders_by_marker_and_setting(run_pytest, project: Path) -> None:
    make_folder(project / "functions", "echo", "other")
    make_folder(project / "tests" / "special", "echo")
    (project / "pytest.ini").write_text("[pytest]\nscf_functions = functions\n")
    test = """
        import pytest
        from tencentserverless import scf

        def test_setting(scf_local):
            assert scf.invoke("echo", data=1).json() == ["functions/echo", 1]
            scf_local.register(lambda event, context: event, "added", inprocess=True)
            assert scf.invoke("added", data=1).json() == 1

        @pytest.mark.scf_functions("special")
        class TestMarked:
            def test_class(self, scf_local):
                assert scf.invoke("echo", data=2).json() == ["special/echo", 2]

            @pytest.mark.scf_functions("../functions")
            def test_closest(self, scf_local):
                assert scf.invoke("other").json()[0] == "functions/other"
                with pytest.raises(Exception, match="ResourceNotFound"):
                    scf.invoke("added")

            def test_names_are_kept(self, scf_local):
                with pytest.raises(Exception, match="exists already"):
                    scf_local.register(lambda event, context: event, "echo", inprocess=True)
                assert scf.invoke("echo").json()[0] == "special/echo"
    """
    write_files(project, {"tests/test_it.py": test})
    done = run_pytest("--strict-markers", "--strict-config", "tests")
    assert "4 passed" in done.stdout, done.stdout + done.stderr


@pytest.mark.proof
def test_bad_folders_are_named(run_pytest, project: Path) -> None:
    (project / "empty").mkdir()
    test = """
        import pytest

        @pytest.mark.scf_functions("nowhere")
        def test_missing(scf_local): pass

        @pytest.mark.scf_functions("a", "b")
        def test_two(scf_local): pass

        @pytest.mark.scf_functions("empty")
        def test_empty(scf_local): pass
    """
    done = run_pytest(test_it=test)
    assert "3 errors" in done.stdout, done.stdout
    assert f"the marker scf_functions('nowhere') names {project / 'nowhere'}, which is no folder" in done.stdout
    assert "marker scf_functions takes one folder" in done.stdout
    assert "no functions here" in done.stdout
    done = run_pytest("-o", "scf_functions=nowhere", test_it="def test_it(scf_local): pass")
    assert "the setting scf_functions = nowhere names" in done.stdout


def test_a_failed_test_shows_its_own_part_of_the_log(run_pytest) -> None:
    test = """
        import pytest

        def say(event, context):
            print("said", event)

        def test_first(scf_local):
            scf_local.register(say)("in the first test")

        def test_second(scf_local):
            scf_local.register(say)("in the second test")
            assert False

        @pytest.fixture
        def broken(scf_local):
            scf_local.register(say)("in a fixture")
            raise ValueError

        def test_third(broken): pass

        def test_fourth(scf_local):
            assert False
    """
    done = run_pytest(test_it=test)
    assert "2 failed, 1 passed, 1 error" in done.stdout, done.stdout
    parts = done.stdout.split("scf local log")
    assert len(parts) == 3
    assert "said in the second test" in "".join(parts)
    assert "said in a fixture" in "".join(parts)
    assert "in the first test" not in "".join(parts[1:])


@pytest.mark.proof
def test_the_environment_is_the_fixtures_while_it_lasts(run_pytest) -> None:
    given = {
        "TENCENTCLOUD_SECRET_ID": "mine",
        "TENCENTCLOUD_SECRET_KEY": "mine",
        "TENCENTCLOUD_SESSIONTOKEN": "mine",
        "TENCENTSERVERLESS_ENDPOINT_URL": "https://scf.example",
        "TENCENTCLOUD_RUNENV": "SCF",
    }
    test = """
        import os
        import subprocess
        import sys

        from tencentserverless import scf

        GIVEN = {name: text for name, text in os.environ.items() if name.startswith("TENCENT")}

        def now():
            return {name: text for name, text in os.environ.items() if name.startswith("TENCENT")}

        def test_inside(scf_local):
            ours = {name: text for name, text in scf_local.environment.items() if name.startswith("TENCENT")}
            assert now() == {**GIVEN, **ours, "TENCENTSERVERLESS_ENDPOINT_GUARD": "scf_local"}
            assert scf_local.url.partition("://")[2] in os.environ["NO_PROXY"].split(",")
            assert os.environ["TENCENTSERVERLESS_ENDPOINT_URL"] == scf_local.url
            assert os.environ["TENCENTCLOUD_SECRET_ID"] == scf_local.secret_id
            scf_local.register(lambda event, context: "here", "f-1", inprocess=True)
            program = "from tencentserverless import scf; print(scf.invoke('f-1').json())"
            assert subprocess.check_output([sys.executable, "-c", program], text=True) == "here\\n"

        def test_outside():
            assert now() == GIVEN
    """
    done = run_pytest(test_it=test, env=given)
    assert "2 passed" in done.stdout, done.stdout + done.stderr


BOTH = """
    import os

    import pytest
    from tencentserverless import scf

    @pytest.mark.scf_functions("functions")
    def test_call(scf_local):
        assert scf.invoke("echo", data=1).json() == ["functions/echo", 1]
        assert scf_local.client().echo(2).json() == ["functions/echo", 2]

    @pytest.mark.scf_functions("functions")
    @pytest.mark.parametrize("use", [
        lambda kit: kit.register(print),
        lambda kit: kit.fault("lost"),
        lambda kit: kit.set_faults([]),
        lambda kit: kit.executions(),
        lambda kit: kit.assert_not_executed("f"),
        lambda kit: kit.assert_executed_once("f"),
        lambda kit: kit.log,
        lambda kit: kit.url,
    ])
    def test_local_alone(scf_local, use):
        try:
            use(scf_local)
        except (TypeError, AssertionError):
            pass

    def test_environment(scf_local):
        print("guard", os.environ.get("TENCENTSERVERLESS_ENDPOINT_GUARD"))
        print("endpoint", os.environ.get("TENCENTSERVERLESS_ENDPOINT_URL"))
"""


@pytest.mark.proof
def test_the_same_tests_against_the_cloud(run_pytest, project: Path) -> None:
    """Another local SCF stands for the cloud: the plugin must take what the environment says."""
    make_folder(project / "functions", "echo")
    with Local(project / "functions", environment=child_environment()) as cloud:
        done = run_pytest("-rsP", "--scf-target=cloud", test_it=BOTH, env=cloud.environment)
        assert "2 passed, 8 skipped" in done.stdout, done.stdout + done.stderr
        assert "--scf-target=cloud: register() is the local SCF's alone" in done.stdout
        assert "guard None" in done.stdout
        assert f"endpoint {cloud.url}" in done.stdout
        done = run_pytest("-rsP", "--scf-target=local", test_it=BOTH, env=cloud.environment)
        assert "10 passed" in done.stdout, done.stdout + done.stderr
        assert f"endpoint {cloud.url}" not in done.stdout
    assert "guard --scf-target=local" in done.stdout


def test_the_option_guards_a_whole_run_from_its_first_import_to_its_end(project: Path) -> None:
    test = """
        import os

        import pytest
        from tencentserverless import scf

        os.environ["HTTPS_PROXY"] = "http://127.0.0.1:9"
        client = scf.Client("ap-guangzhou", "id", "key")
        with pytest.raises(RuntimeError, match="GUARD=--scf-target=local forbids"):
            client.invoke("f")

        def test_it():
            with pytest.raises(RuntimeError, match="nothing was sent"):
                client.invoke("f")
    """
    write_files(project, {"test_it.py": test})
    code = (
        "import os, pytest\n"
        f"pytest.main(['--scf-target=local', *{STRANGERS}, '-W', 'error', 'test_it.py'])\n"
        "print('left:', os.environ.get('TENCENTSERVERLESS_ENDPOINT_GUARD'))"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=project, env=child_environment(), capture_output=True, text=True, check=True)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert "left: None" in done.stdout


@pytest.mark.proof
def test_workers_of_xdist_each_have_their_own(run_pytest) -> None:
    test = """
        import os
        import pytest
        from tencentserverless import scf

        @pytest.mark.parametrize("number", range(4))
        def test_it(scf_local, number):
            scf_local.register(lambda event, context: [number, os.getpid()], "same", inprocess=True)
            assert scf.invoke("same").json() == [number, os.getpid()]
            scf_local.assert_executed_once("same")
    """
    done = run_pytest("-n", "2", test_it=test)
    assert "4 passed" in done.stdout, done.stdout + done.stderr


def test_nothing_is_left_behind(run_pytest, tmp_path: Path) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    test = """
        import os
        from pathlib import Path

        def test_it(scf_local):
            pid = scf_local.register(lambda event, context: 1, "f-1", inprocess=True)()
            Path("pid").write_text(str(scf_local._local._process.pid))
    """
    done = run_pytest("--basetemp", str(tmp_path / "base"), test_it=test, env={"TMPDIR": str(temporary)})
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    assert list(temporary.iterdir()) == []
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "project" / "pid").read_text()), 0)


@pytest.mark.proof
def test_a_server_that_dies_is_that_tests_error_alone(run_pytest) -> None:
    test = """
        import time

        def test_first(scf_local):
            scf_local.register(lambda event, context: print("last words"), "f-1", inprocess=True)()
            scf_local._local._process.kill()
            scf_local._local._process.wait()

        def test_second(scf_local):
            assert scf_local.register(lambda event, context: event, "f-1", inprocess=True)(2).json() == 2

        def test_third(scf_local):
            scf_local._local.stop()
            assert False
    """
    done = run_pytest(test_it=test)
    assert "1 failed, 2 passed, 2 errors" in done.stdout, done.stdout
    assert "the local SCF has died during this test; the end of its log" in done.stdout


MODULE = """
    from tencentserverless import Client, scf

    client = Client(secret_id="id", secret_key="key")
    pinned = scf.Client("ap-guangzhou", "id", "key", endpoint="public")
"""
USES_IT = """
    import pytest
    import module

    @pytest.mark.parametrize("number", [1, 2])
    def test_it_obeys(scf_local, number):
        scf_local.register(lambda event, context: event + 1, "add", inprocess=True)
        module.client.secret_id, module.client.secret_key = scf_local.secret_id, scf_local.secret_key
        assert module.client.invoke("add", data=number).json() == number + 1
        assert [each.json() for each in module.client.map("add", [1, 2])] == [2, 3]
        with pytest.raises(RuntimeError, match="nothing was sent. To call a local SCF, set TENCENTSERVERLESS_ENDPOINT"):
            module.pinned.invoke("add", data=1)

    def test_outside_it_calls_the_cloud():
        assert module.client._find_target(None).origin.host == "scf.tencentcloudapi.com"
"""


@pytest.mark.proof
@pytest.mark.parametrize("region", ["", "ap-shanghai"])
def test_a_client_of_the_module_level_obeys_the_fixture(run_pytest, region: str) -> None:
    env = {"TENCENTCLOUD_REGION": region} if region else {}
    done = run_pytest("-o", "pythonpath=.", env=env, module=MODULE, test_it=USES_IT)
    assert "3 passed" in done.stdout, done.stdout + done.stderr


FAILS = """
    from tencentserverless import invoke

    def breaks(event, context):
        raise KeyError("pear")

    def test_a_failing_function(scf_local):
        scf_local.register(breaks)
        invoke("breaks", data=1)

    def test_an_assertion(scf_local):
        scf_local.register(breaks)
        scf_local.assert_executed_once("breaks")

    def test_an_unfit_function(scf_local):
        scf_local.register(lambda event, context: scf_local)

    def test_no_such_function(scf_local):
        invoke("nope")
"""


@pytest.mark.proof
def test_reports_show_the_frames_of_the_test_alone(run_pytest) -> None:
    done = run_pytest(test_it=FAILS)
    assert "4 failed" in done.stdout, done.stdout
    for line in ('invoke("breaks", data=1)', 'scf_local.assert_executed_once("breaks")', 'invoke("nope")'):
        assert f">       {line}" in done.stdout
    assert "KeyError: 'pear'" in done.stdout
    for ours in ("flow.py", "driver.py", "scf.py", "target.py", "source.py", "def invoke("):
        assert ours not in done.stdout, ours
    assert "flow.py" in run_pytest("--full-trace", "-k", "failing").stdout


@pytest.mark.parametrize("way", WAYS)
def test_what_a_function_sees_of_the_test(run_pytest, project: Path, way) -> None:
    if way == "namespaces":
        need_namespaces()
    write_files(project, {"functions/look/index.py": "def main_handler(event, context):\n    import yaml\n"})
    (project / "pytest.ini").write_text("[pytest]\nscf_functions = functions\n")
    test = """
        import pytest
        from tencentserverless import scf
        from tencentserverless.exception import FunctionError

        def write(event, context):
            import yaml
            with open(event, "w") as file:
                yaml.safe_dump({"a": 1}, file)
            try:
                open("state.json", "w").close()
            except OSError as error:
                return error.errno

        def test_packages_and_files(scf_local, tmp_path):
            errno = scf_local.register(write)(str(tmp_path / "file")).json()
            assert (tmp_path / "file").read_text() == "a: 1\\n"
            assert errno == EXPECTED
            with pytest.raises(FunctionError, match="No module named 'yaml'"):
                scf.invoke("look")
    """.replace("EXPECTED", "30" if way == "namespaces" else "(13 if __import__('os').getuid() else None)")
    done = run_pytest(test_it=test, env={"TENCENTSERVERLESS_ISOLATION": way})
    assert "1 passed" in done.stdout, done.stdout + done.stderr
