"""What those who change this project rely on: workflows, ``.ci/run``, releases, the hook, CONTRIBUTING."""

import configparser
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tencentserverless import __version__
from tools import matrix

ROOT = Path(__file__).resolve().parents[2]
CI_TARGETS = ("check", "test", "proof", "matrix")
#: What .ci/run uses of a system. Nothing else is on its PATH in these tests, so that it installs nothing.
SYSTEM_PROGRAMS = ("bash", "cat", "dirname", "grep", "mktemp", "rm", "sed", "sleep", "tail", "tee", "timeout")
OLD_PYTHONS = ("2.7", "3.6")
FOLDERS = {
    ".ci",
    ".devcontainer",
    ".github",
    "benchmarks",
    "docs",
    "examples",
    "findings",
    "licenses",
    "src",
    "tests",
    "tools",
}
#: Any of these would put files on a package index.
UPLOADS = re.compile(
    r"twine\s+upload|pypi-publish|flit\s+publish|uv\s+publish|poetry\s+publish|id-token|setup\.py\s+upload"
)
#: Each target as pytest and tools/matrix.py end.
OUTPUTS = {
    "check": "package: it passes",
    "test": "=== 12 passed, 1 skipped in 3.45s ===",
    "proof": "=== 3 passed in 61.20s (0:01:01) ===",
    "matrix": "matrix: it.whl on 8 versions: 8 passed, 0 FAILED, 0 skipped",
}


def read_yaml(name: str) -> dict[Any, Any]:
    return yaml.safe_load((ROOT / name).read_text(encoding="utf-8"))


def list_steps(workflow: dict[Any, Any]) -> list[dict[str, Any]]:
    return [step for job in workflow["jobs"].values() for step in job["steps"]]


def strip_comments(name: str) -> str:
    return re.sub(r"(^|\s)#.*", "", (ROOT / name).read_text(encoding="utf-8"))


# The workflows


@pytest.mark.parametrize("name", ["ci", "release"])
def test_a_workflow_may_only_read_and_pins_its_actions(name: str) -> None:
    workflow = read_yaml(f".github/workflows/{name}.yml")
    assert workflow["permissions"] == {"contents": "read"}
    actions = [step["uses"] for step in list_steps(workflow) if "uses" in step]
    assert actions
    assert [action for action in actions if not re.fullmatch(r"actions/[\w-]+@v\d+", action)] == []


def test_ci_calls_the_script_that_any_machine_can_run() -> None:
    workflow = read_yaml(".github/workflows/ci.yml")
    triggers = workflow[True]  # YAML reads the word "on" so
    assert set(triggers) == {"push", "pull_request"}
    assert list_steps(workflow)[-1] == {"run": "bash .ci/run"}


def test_a_release_publishes_to_no_package_index() -> None:
    assert not UPLOADS.search(strip_comments(".github/workflows/release.yml"))
    assert not UPLOADS.search(strip_comments(".github/workflows/ci.yml"))


@pytest.mark.parametrize(
    "line", ["twine upload dist/*", "- uses: pypa/gh-action-pypi-publish@v1", "id-token: write", "uv publish"]
)
def test_an_upload_would_be_found(line: str) -> None:
    assert UPLOADS.search(line)


def test_a_release_begins_with_a_tag_and_attaches_what_was_checked() -> None:
    workflow = read_yaml(".github/workflows/release.yml")
    assert workflow[True] == {"push": {"tags": ["v*"]}}
    build, attach = workflow["jobs"]["build"], workflow["jobs"]["attach"]
    commands = " ".join(step.get("run", "") for step in build["steps"])
    assert "tools/check_package.py dist --tag" in commands
    assert "permissions" not in build
    assert attach["needs"] == "build"
    assert attach["permissions"] == {"contents": "write"}
    assert not [step for step in attach["steps"] if "checkout" in step.get("uses", "")]
    assert "gh release create" in attach["steps"][-1]["run"]


def check_tag(tag: str, folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "tools" / "check_package.py"), str(folder / "dist"), "--tag", tag]
    return subprocess.run(command, cwd=folder, capture_output=True, encoding="utf-8", timeout=60, check=False)


def test_a_tag_that_is_not_the_version_builds_nothing(tmp_path: Path) -> None:
    done = check_tag("v0.0.1", tmp_path)
    assert done.returncode == 1
    assert f"The tag is v0.0.1; the version in the sources is {__version__}" in done.stdout
    assert not (tmp_path / "dist").exists()


def test_a_version_without_a_date_in_the_changelog_builds_nothing(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## [{__version__}] - unreleased\n")
    done = check_tag(f"v{__version__}", tmp_path)
    assert done.returncode == 1
    assert "CHANGELOG.md has no line of this form" in done.stdout


def test_files_of_another_release_are_not_mixed_in(tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text(f"# Changelog\n\n## [{__version__}] - 2026-01-31\n")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist" / "old.whl").touch()
    done = check_tag(f"v{__version__}", tmp_path)
    assert (done.returncode, done.stdout) == (1, f"{tmp_path / 'dist'} is not empty\n")


# .ci/run


class Machine:
    """A copy of ``.ci/run`` on a machine of stubs: its ``make`` and its installers only say what they were asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bin = folder / "bin"
        self.asked = folder / "asked"
        self.bin.mkdir()
        self.asked.touch()
        (folder / ".ci").mkdir()
        shutil.copy2(ROOT / ".ci" / "run", folder / ".ci")
        for name in SYSTEM_PROGRAMS:
            (self.bin / name).symlink_to(shutil.which(name))
        lines = "".join(f"{name}) echo '{text}';;\n" for name, text in OUTPUTS.items())
        self.add("make", f"case $1 in\n{lines}esac\nif [ -e failing-$1 ]; then . ./failing-$1; fi")
        self.add("id", "echo 1000", is_noted=False)
        for name in ("nginx", "wrk", "chromium", *(f"python{version}" for version in OLD_PYTHONS)):
            self.add(name, "", is_noted=False)

    def add(self, name: str, script: str, *, is_noted: bool = True) -> None:
        path = self.bin / name
        note = f'echo "{name} $*" >> "{self.asked}"\n' if is_noted else ""
        path.write_text(f"#!{shutil.which('bash')}\n{note}{script}\n")
        path.chmod(0o755)

    def fail(self, target: str, script: str) -> None:
        (self.folder / f"failing-{target}").write_text(script)

    def remove(self, *names: str) -> None:
        for name in names:
            (self.bin / name).unlink()

    def run(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [shutil.which("bash"), self.folder / ".ci" / "run"],
            env={"PATH": str(self.bin), "PYENV_ROOT": str(self.folder / "pyenv"), "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=60,
            check=False,
        )

    def read_asked(self) -> list[str]:
        return self.asked.read_text().splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_ci_runs_the_four_targets_and_ends_with_their_closing_lines(machine: Machine) -> None:
    done = machine.run()
    assert done.returncode == 0, done.stdout
    assert machine.read_asked() == [f"make {target}" for target in CI_TARGETS]
    assert done.stdout.splitlines()[-4:] == [
        "make check: passed",
        f"make test: passed {OUTPUTS['test']}",
        f"make proof: passed {OUTPUTS['proof']}",
        f"make matrix: passed {OUTPUTS['matrix']}",
    ]


@pytest.mark.parametrize("target", CI_TARGETS)
@pytest.mark.parametrize("script", ["exit 2", "kill -9 $$"], ids=["status", "signal"])
def test_ci_fails_if_one_target_fails_and_runs_the_others(machine: Machine, target: str, script: str) -> None:
    machine.fail(target, script)
    done = machine.run()
    assert done.returncode == 1
    assert machine.read_asked() == [f"make {each}" for each in CI_TARGETS]
    failed = [line for line in done.stdout.splitlines() if ": FAILED" in line]
    assert [line.split(":")[0] for line in failed] == [f"make {target}"]


def test_ci_names_the_failed_tests_at_the_end(machine: Machine) -> None:
    machine.fail("test", "echo 'FAILED tests/test_a.py::test_b - assert 1 == 2'\nexit 1")
    lines = machine.run().stdout.splitlines()
    assert "FAILED tests/test_a.py::test_b - assert 1 == 2" in lines[lines.index("make check: passed") :]


def test_ci_fails_where_there_is_no_make(machine: Machine) -> None:
    machine.remove("make")
    assert machine.run().returncode == 1


def test_ci_says_what_it_could_not_install(machine: Machine) -> None:
    machine.remove("wrk", "python2.7", "python3.6")  # not nginx, which is also looked for in /usr/sbin of this machine
    done = machine.run()
    assert done.returncode == 0
    for name in ("wrk", "Python 2.7", "Python 3.6"):
        assert f"{name} is missing and could not be installed; its tests skip" in done.stdout.splitlines()


def test_ci_installs_what_is_missing_where_it_may(machine: Machine) -> None:
    machine.remove("wrk", "python2.7")
    machine.add("id", "echo 0", is_noted=False)
    ln = shutil.which("ln")
    machine.add("apt-get", f'if [ "$1" = install ]; then {ln} -s "{machine.bin}/nginx" "{machine.bin}/wrk"; fi')
    machine.add("pyenv", "exit 1")
    done = machine.run()
    assert done.returncode == 0
    assert machine.read_asked()[:3] == [
        "apt-get update",
        "apt-get install --yes --no-install-recommends wrk",
        "pyenv install --skip-existing 2.7.18",
    ]
    assert "wrk is missing" not in done.stdout
    assert "Python 2.7 is missing and could not be installed" in done.stdout


def test_ci_installs_by_apt_get_only_as_root(machine: Machine) -> None:
    machine.remove("wrk")
    machine.add("apt-get", "")
    assert "wrk is missing" in machine.run().stdout
    assert not [line for line in machine.read_asked() if line.startswith("apt-get")]


# What an editor and a new machine read


def test_the_hook_calls_make_style_alone() -> None:
    (repository,) = read_yaml(".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    assert [hook["entry"] for hook in repository["hooks"]] == ["make style"]


def test_editors_and_ruff_agree() -> None:
    parser = configparser.ConfigParser()
    parser.read_string("[top]\n" + (ROOT / ".editorconfig").read_text(encoding="utf-8"))
    assert parser["top"]["root"] == "true"
    every = parser["*"]
    assert (every["indent_style"], every["indent_size"], every["end_of_line"]) == ("space", "4", "lf")
    ruff = re.search(r"^line-length = (\d+)$", (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    assert every["max_line_length"] == ruff[1]
    assert parser["Makefile"]["indent_style"] == "tab"
    assert parser["*.{yml,yaml}"]["indent_size"] == "2"


def test_the_container_has_the_pythons_that_ci_wants() -> None:
    settings = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text(encoding="utf-8"))
    steps = (ROOT / ".devcontainer" / settings["build"]["dockerfile"]).read_text(encoding="utf-8")
    wanted = re.search(r"for version in (.*); do", (ROOT / ".ci" / "run").read_text(encoding="utf-8"))[1].split()
    installed = re.search(r"pyenv install (.*?) *\\?$", steps, re.MULTILINE)[1].split()
    assert [version.rpartition(".")[0] for version in wanted] == list(OLD_PYTHONS)
    assert set(wanted) < set(installed)
    assert {"nodejs", "nginx", "wrk", "chromium"} <= set(steps.split())
    make = settings["postCreateCommand"].split()
    assert make[0] == "make"
    assert make[1] in list_targets()


def test_a_pull_request_asks_for_four_things() -> None:
    text = (ROOT / ".github" / "pull_request_template.md").read_text(encoding="utf-8")
    boxes = re.findall(r"^- \[ \] (\w+):", text, re.MULTILINE)
    assert boxes == ["Tests", "Changelog", "Docs", "Check"]


# CONTRIBUTING


def list_targets() -> set[str]:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split()
    return {name for name in phony if re.search(rf"^(?:[\w-]+ )*{name}(?: [\w-]+)*:", makefile, re.MULTILINE)}


@pytest.mark.parametrize("name", ["CONTRIBUTING.md", "SECURITY.md", ".github/pull_request_template.md"])
def test_every_make_that_is_named_exists(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    named = set(re.findall(r"(?:`|^)make ([\w-]+)", text, re.MULTILINE))
    assert named <= list_targets()
    assert named or name == "SECURITY.md"


def test_contributing_tells_what_ci_runs() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    row = next(line for line in text.splitlines() if line.startswith("| `.ci/run` |"))
    assert re.findall(r"`make (\w+)`", row) == list(CI_TARGETS)


def test_contributing_names_variables_that_tests_read() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    sources = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "proof").glob("*.py"))
    named = set(re.findall(r"`(SOAK_\w+)`", text))
    assert named == set(re.findall(r'environ\.get\("(SOAK_\w+)"', sources))


def test_nothing_waits_by_wait_for():
    """Before Python 3.12 it loses a cancellation that comes with the end: a server never stopped."""
    sources = (ROOT / "src").rglob("*.py")
    assert [str(path) for path in sources if "asyncio.wait_for(" in path.read_text(encoding="utf-8")] == []


def test_no_program_has_left_its_files_in_the_tree() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("this is no clone")
    names = listed.stdout.splitlines()
    assert {name.partition("/")[0] for name in names if "/" in name} == FOLDERS
    assert [name for name in names if name.endswith((".log", ".pyc", ".orig", ".rej"))] == []


def test_the_tests_of_the_matrix_import_what_it_copies(tmp_path: Path) -> None:
    """The matrix has the tests of the SDK alone, without the fixtures of the local SCF."""
    tree = matrix.copy_tests(tmp_path)
    left_out = []
    for name in matrix.list_tests(tree):
        for path in [tree / name] if name.endswith(".py") else (tree / name).rglob("*.py"):
            for module in re.findall(r"^from (tests[\w.]*) import", path.read_text(encoding="utf-8"), re.MULTILINE):
                place = tree.joinpath(*module.split("."))
                if not (place.is_dir() or place.with_suffix(".py").exists()):
                    left_out.append(f"{path.relative_to(tree)}: {module}")
    assert left_out == []
