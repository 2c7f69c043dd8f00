"""Which files of a folder are packed, which are not, and what is said of it."""

import os
import zipfile

import pytest

from tencentserverless.local.registry import package_contents
from tencentserverless.local.registry.package_contents import BadPackage, PackRules, list_contents, pack, pattern_fault


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "code"
    folder.mkdir()
    return folder


def fill(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def packed(source, exclude=(), include=()):
    return [file.name for file in list_contents(source, PackRules(tuple(exclude), tuple(include))).files]


def left_out(source, exclude=(), include=()):
    contents = list_contents(source, PackRules(tuple(exclude), tuple(include)))
    return {each.name: each.reason for each in contents.left_out}


USUAL = ("index.py", "lib/a.py", "lib/deep/b.py", "env.py", "environment.yml")


def test_secrets_environments_caches_and_version_control_are_left_out_unless_somebody_names_them(source):
    fill(source, *USUAL)
    fill(source, ".env", ".env.local", ".envrc", "lib/.env.production", ".git/config", ".hg/x", ".svn/x", "sub/.git")
    fill(source, "__pycache__/a.pyc", "lib/__pycache__/b.pyc", ".pytest_cache/x", "node_modules/.cache/x")
    fill(source, ".venv/lib/big.py", "venv/x", "mine/pyvenv.cfg", "mine/lib/x", "old/bin/activate", ".scf/credentials")
    fill(source, "vendor/venv/__init__.py", "node_modules/a/index.js")
    assert packed(source) == sorted((*USUAL, "vendor/venv/__init__.py", "node_modules/a/index.js"))
    assert left_out(source) == {
        **dict.fromkeys((".env", ".env.local", ".envrc", "lib/.env.production"), "may hold secrets"),
        **dict.fromkeys((".git/", ".hg/", ".svn/", "sub/.git"), "of version control"),
        **dict.fromkeys(("__pycache__/", "lib/__pycache__/", ".pytest_cache/", "node_modules/.cache/"), "a cache"),
        **dict.fromkeys((".venv/", "venv/", "mine/", "old/"), "a virtual environment"),
        ".scf/": "the local SCF's own folder",
    }
    again = packed(source, include=[".env", "venv", ".git/**", ".scf/**"])
    assert set(again) - set(packed(source)) == {".env", "venv/x", ".git/config"}


@pytest.mark.parametrize(
    ("pattern", "gone"),
    [
        ("lib", {"lib/a.py", "lib/deep/b.py"}),
        ("lib/", {"lib/a.py", "lib/deep/b.py"}),
        ("./lib/**", {"lib/a.py", "lib/deep/b.py"}),
        ("/lib/*", {"lib/a.py", "lib/deep/b.py"}),
        ("lib/*.py", {"lib/a.py"}),
        ("*.py", {"index.py", "env.py"}),
        ("**/*.py", {"index.py", "env.py", "lib/a.py", "lib/deep/b.py"}),
        ("**/deep", {"lib/deep/b.py"}),
        ("lib/**/b.py", {"lib/deep/b.py"}),
        ("lib/**/a.py", {"lib/a.py"}),
        ("{index,env}.py", {"index.py", "env.py"}),
        ("en?.py", {"env.py"}),
        ("[!i]*.py", {"env.py"}),
        ("[ie]n*", {"index.py", "env.py", "environment.yml"}),
        ("LIB", set()),
        ("deep", set()),
        ("**", set(USUAL)),
        ("lib.a.py", set()),
        ("a{,b}/[", set()),
    ],
)
def test_patterns_are_those_of_the_components_globs(source, pattern, gone):
    fill(source, *USUAL)
    assert set(USUAL) - set(packed(source, exclude=[pattern])) == gone
    assert pattern_fault(pattern) is None


def test_what_a_pattern_includes_counts_more_than_what_another_excludes(source):
    fill(source, *USUAL)
    assert packed(source, exclude=["**"], include=["index.py", "lib/deep"]) == ["index.py", "lib/deep/b.py"]
    assert packed(source, exclude=["lib/**", "!lib/a.py"], include=[]) == [
        "env.py",
        "environment.yml",
        "index.py",
        "lib/a.py",
    ]
    notices = list_contents(source, PackRules(include=("nothing/**", "index.py"))).notices()
    assert notices == ["src.include: nothing/** fits no file"]


@pytest.mark.parametrize("pattern", ["", ".", "./", "/", "..", "../x", "a/../b", "a\\..\\b", "x" * 201, "a{b}{"])
def test_patterns_that_are_none(pattern):
    assert pattern_fault(pattern)


def test_a_folder_that_is_excluded_is_told_once_and_not_looked_into(source):
    fill(source, "index.py", "tests/a.py", "tests/deep/b.py", "data/x.csv", "data/y.txt")
    (source / "tests" / "deep").chmod(0)
    assert left_out(source, exclude=["tests/**", "data/*.csv"]) == {
        "tests/": "excluded by tests/**",
        "data/x.csv": "excluded by data/*.csv",
    }


def test_links_are_followed_and_one_that_leads_out_is_told(source, tmp_path):
    fill(source, "index.py", "lib/a.py")
    fill(tmp_path, "shared/common.py", "shared/.env", "one.py")
    (source / "inner.py").symlink_to(source / "lib" / "a.py")
    (source / "shared").symlink_to(tmp_path / "shared")
    (source / "one.py").symlink_to("../one.py")
    contents = list_contents(source)
    assert [file.name for file in contents.files] == ["index.py", "inner.py", "lib/a.py", "one.py", "shared/common.py"]
    assert contents.notices() == [
        f"one.py lies outside the folder, in {tmp_path / 'one.py'}: packed",
        f"shared/common.py lies outside the folder, in {tmp_path / 'shared'}: packed",
        "left out: shared/.env (may hold secrets); what src.include of a serverless.yml names is packed",
    ]


def test_a_link_does_not_hide_what_it_leads_to(source, tmp_path):
    fill(source, "index.py", ".env", ".git/config", ".scf/credentials")
    fill(tmp_path, "elsewhere/.env/keys", "elsewhere/.scf/credentials")
    (source / "settings").symlink_to(".env")
    (source / "vcs").symlink_to(".git/config")
    (source / "keys").symlink_to(tmp_path / "elsewhere" / ".env" / "keys")
    (source / "state").symlink_to(".scf")
    (source / "own").symlink_to(tmp_path / "elsewhere" / ".scf" / "credentials")
    assert packed(source) == ["index.py"]
    assert {"settings", "vcs", "keys", "state/", "own"} <= set(left_out(source))


def test_a_link_that_leads_nowhere_and_what_is_no_file_are_left_out_and_told(source):
    fill(source, "index.py")
    (source / "gone").symlink_to("nowhere")
    os.mkfifo(source / "pipe")
    assert packed(source) == ["index.py"]
    assert left_out(source) == {"gone": "a link that leads nowhere", "pipe": "neither a file nor a folder"}


@pytest.mark.parametrize("target", [".", "..", "lib"])
def test_a_circle_of_links_is_refused_in_words(source, target):
    fill(source, "lib/a.py")
    (source / "lib" / "self").symlink_to((source / target).resolve())
    with pytest.raises(BadPackage, match=r"self.* is a link to a folder that it lies in: remove it, or name it in src"):
        list_contents(source)
    assert packed(source, exclude=["**/self"]) == ["lib/a.py"]


def test_one_folder_by_two_links_is_no_circle(source):
    fill(source, "lib/a.py")
    (source / "one").symlink_to("lib")
    (source / "two").symlink_to("lib")
    assert packed(source) == ["lib/a.py", "one/a.py", "two/a.py"]


def test_bounds_are_refused_in_words(source, monkeypatch):
    fill(source, "a.py", "b.py")
    monkeypatch.setattr(package_contents, "MAX_FILES", 1)
    with pytest.raises(BadPackage, match="holds more than 1 files"):
        list_contents(source)
    monkeypatch.setattr(package_contents, "MAX_FILES", 9)
    monkeypatch.setattr(package_contents, "MAX_UNPACKED_BYTES", 7)
    with pytest.raises(BadPackage, match="larger than 7 bytes"):
        list_contents(source)
    monkeypatch.undo()
    fill(source, "x/" * 32 + "y")
    with pytest.raises(BadPackage, match="more than 32 parts"):
        list_contents(source)


def test_names_that_no_package_can_hold_are_refused_and_odd_ones_do_not_steer_the_terminal(source):
    fill(source, "index.py", ".env\x1b[2J")
    assert "left out: '.env\\x1b[2J' (may hold secrets)" in list_contents(source).notices()[0]
    (source / os.fsdecode(b"\xff.py")).write_text("")
    with pytest.raises(BadPackage, match="not UTF-8"):
        list_contents(source)


def test_a_file_that_grows_while_it_is_packed_keeps_to_the_bound(source, tmp_path, monkeypatch):
    fill(source, "index.py")
    contents = list_contents(source)
    (source / "index.py").write_text("x" * 5000)
    monkeypatch.setattr(package_contents, "MAX_UNPACKED_BYTES", 1000)
    with pytest.raises(BadPackage, match="larger than 1000"):
        pack(contents, tmp_path / "code.zip")


def test_a_file_that_goes_while_it_is_packed_is_named(source, tmp_path):
    fill(source, "index.py")
    contents = list_contents(source)
    (source / "index.py").unlink()
    with pytest.raises(BadPackage, match=r"index.py: No such file"):
        pack(contents, tmp_path / "code.zip")


def test_a_full_disk_is_not_the_folders_fault(source):
    if not os.path.exists("/dev/full"):
        pytest.skip("has no /dev/full")
    fill(source, "index.py")
    (source / "index.py").write_bytes(os.urandom(300_000))

    with pytest.raises(OSError, match="No space left") as failure, open("/dev/full", "wb", buffering=0) as full:
        pack(list_contents(source), full)
    assert not isinstance(failure.value, BadPackage)


def test_equal_folders_make_equal_archives_whatever_their_times_and_modes(source, tmp_path):
    fill(source, "index.py", "tool")
    (source / "tool").chmod(0o755)
    pack(list_contents(source), tmp_path / "1.zip")
    os.utime(source / "index.py", (0, 0))
    (source / "index.py").chmod(0o600)
    pack(list_contents(source), tmp_path / "2.zip")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    modes = {info.filename: info.external_attr >> 16 for info in zipfile.ZipFile(tmp_path / "1.zip").infolist()}
    assert modes == {"index.py": 0o100644, "tool": 0o100755}
