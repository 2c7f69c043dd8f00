"""What is looked at: the files that can be code, what links lead to, and what leads to a file."""

import os
from pathlib import Path

import pytest
from watchfiles import Change, DefaultFilter

from tencentserverless.local.project import code_tree
from tencentserverless.local.project.code_tree import can_be_code, list_entries, stamp_files, survey, trace


@pytest.mark.parametrize(
    "name",
    [
        *(
            "index.py",
            "a.txt",
            "node_modules",
            "__pycache__",
            ".git",
            ".venv",
            ".tox",
            ".env",
            "a.pyc",
            "a.pyo",
            "a.pyd",
        ),
        *(
            "a.py~",
            "a.swp",
            "a.sw",
            "a.swpp",
            "flycheck_a.py",
            "a.pycx",
            "venv",
            "a.___jb_tmp___",
            "a~b",
            "é.py",
            "a\nb.py",
        ),
    ],
)
def test_names_that_can_be_code(name):
    """As watchfiles has it, and nothing hidden."""
    assert can_be_code(name) is (DefaultFilter()(Change.modified, name) and not name.startswith("."))


def test_a_folder_has_files_folders_and_links_in_order(tmp_path):
    for name in ("b.py", "a.py", ".hidden", "c.pyc"):
        (tmp_path / name).write_text("")
    for name in ("z", "y", "__pycache__"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("z")
    (tmp_path / "lost").symlink_to("nowhere")
    found = [[each.name for each in kind] for kind in list_entries(str(tmp_path))]
    assert found == [["a.py", "b.py"], ["y", "z"], ["link", "lost"]]
    with pytest.raises(FileNotFoundError):
        list_entries(str(tmp_path / "none"))


@pytest.fixture
def root(tmp_path):
    return tmp_path.resolve()


def make(root, *paths, **links):
    for path in paths:
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    for link, target in links.items():
        (root / link).symlink_to(target)


def test_a_path_is_followed_link_by_link(root):
    make(root, "v1/deep/util.py", current="v1", first="current/deep", absolute=root / "first")
    assert trace(f"{root}/absolute/./util.py") == (
        [f"{root}/absolute", f"{root}/first", f"{root}/current"],
        f"{root}/v1/deep/util.py",
    )
    assert trace(f"{root}/first/../x.py") == ([f"{root}/first", f"{root}/current", f"{root}/v1/x.py"], "")
    assert trace(f"{root}/none/deep") == ([f"{root}/none"], "")
    make(root, circle="circle")
    passed, target = trace(f"{root}/circle")
    assert target == ""
    assert set(passed) == {f"{root}/circle"}


def test_folders_and_files_that_can_be_code(root):
    make(root, "p/index.py", "p/deep/er/x.py", "p/.venv/lib/x.py", "p/node_modules/x.js", "p/.git/config")
    found = survey([f"{root}/p"])
    assert set(found.folders) == {f"{root}/p", f"{root}/p/deep", f"{root}/p/deep/er"} == set(found.trees)
    assert found.folders[f"{root}/p"] == ((root / "p").stat().st_dev, (root / "p").stat().st_ino)
    assert set(stamp_files([f"{root}/p"])) == {f"{root}/p/index.py", f"{root}/p/deep/er/x.py"}


def test_files_of_variables_are_followed_and_are_no_code(root):
    make(root, "p/.env", "p/fn/.env.test", "p/.environment", "p/.venv/.env", "p/.env.d/x.py")
    found = survey([f"{root}/p"])
    assert set(found.folders) == {f"{root}/p", f"{root}/p/fn"}
    assert found.covers(f"{root}/p/fn/.env")
    assert not found.covers(f"{root}/p/.venv/.env")
    assert set(stamp_files([f"{root}/p"])) == {f"{root}/p/.env", f"{root}/p/fn/.env.test"}
    assert list_entries(f"{root}/p").files == []


@pytest.mark.parametrize("place", ["p/.venv/lib/fn", "p/.tox/py/fn", "p/node_modules/fn"])
def test_a_root_below_a_folder_that_is_left_out_is_taken(root, place):
    make(root, "p/index.py", f"{place}/index.py", f"{place}/.venv/x.py")
    found = survey([f"{root}/p", f"{root}/{place}"])
    assert set(found.folders) == {f"{root}/p", f"{root}/{place}"}
    assert found.covers(f"{root}/{place}/new/x.py")
    assert not found.covers(f"{root}/p/.venv/x.py")
    assert not found.covers(f"{root}/{place}/.venv/x.py")


def test_links_lead_out_of_the_roots(root):
    make(root, "p/fn/index.py", "shared/v1/util.py", "shared/v1/other.txt", "lib/deep/x.py", "unconcerned/x.py")
    make(root / "shared", current="v1")
    make(root / "p/fn", **{"util.py": "../../shared/current/util.py", "lib": root / "lib"})
    found = survey([f"{root}/p"])
    places = ("p", "p/fn", "shared", "shared/v1", "lib", "lib/deep")
    assert set(found.folders) == {f"{root}/{place}" for place in places}
    for changed, link in (
        ("shared/v1/util.py", "p/fn/util.py"),
        ("shared/current", "p/fn/util.py"),
        ("lib/deep/x.py", "p/fn/lib"),
        ("lib/new/y.py", "p/fn/lib"),
    ):
        assert found.covers(f"{root}/{changed}"), changed
        assert f"{root}/{link}" in found.known_as([f"{root}/{changed}"]), changed
    for other in ("shared/v1/other.txt", "shared/new", "unconcerned/x.py", "x"):
        assert not found.covers(f"{root}/{other}"), other
    assert f"{root}/shared/v1/util.py" in stamp_files([f"{root}/p"])
    assert f"{root}/shared/v1/other.txt" not in stamp_files([f"{root}/p"])


def test_one_folder_is_looked_at_once_and_known_by_every_link(root):
    make(root, "common/x.py", "shared/a.py", "p/fa/index.py", "p/fb/index.py")
    make(root / "shared", **{"x.py": "../common/x.py"})
    for name in ("fa", "fb"):
        make(root / "p" / name, lib="../../shared")
    found = survey([f"{root}/p"])
    known = found.known_as([f"{root}/common/x.py"])
    assert {f"{root}/p/fa/lib", f"{root}/p/fb/lib", f"{root}/shared/x.py"} < known
    (root / "shared" / "round").symlink_to("../p/fa")
    assert survey([f"{root}/p"]).known_as([f"{root}/common/x.py"]) >= known


def test_what_a_link_leads_to_later_is_waited_for(root):
    make(root, "p/index.py")
    (root / "out").mkdir()
    make(root / "p", lib="../out/not/yet")
    found = survey([f"{root}/p"])
    assert f"{root}/out" in found.folders
    assert found.covers(f"{root}/out/not")
    assert f"{root}/p/lib" in found.known_as([f"{root}/out/not"])


def test_roots_may_be_missing_files_and_links(root):
    make(root, "real/x.py", "modules.zip", link="real")
    roots = [f"{root}/none/deep", f"{root}/modules.zip", f"{root}/link"]
    found = survey(roots)
    assert set(found.folders) == {str(root), f"{root}/real"}
    assert found.anchors[roots[0]] is None
    assert set(found.anchors) == set(roots)
    assert f"{root}/link" in found.known_as([f"{root}/real/x.py"])
    assert found.covers(f"{root}/modules.zip")
    assert set(stamp_files(roots)) == {f"{root}/modules.zip", f"{root}/real/x.py"}


def test_folders_behind_links_have_a_bound_and_those_of_roots_have_none(root, monkeypatch):
    monkeypatch.setattr(code_tree, "MAX_LINKED_FOLDERS", 3)
    make(root, "p/a/b/c/d/e/x.py")
    make(root, *(f"out/f{number}/x.py" for number in range(5)))
    assert not survey([f"{root}/p"]).is_cut
    make(root / "p", lib="../out")
    found = survey([f"{root}/p"])
    assert found.is_cut
    assert len(found.trees) == 6 + 3


@pytest.mark.skipif(os.getuid() == 0, reason="root may read everything")
def test_a_folder_that_may_not_be_read_is_left_out(root):
    make(root, "p/closed/x.py")
    (root / "p/closed").chmod(0)
    assert set(survey([f"{root}/p"]).folders) == {f"{root}/p"}
    (root / "p/closed").chmod(0o700)


def test_a_folder_that_goes_away_meanwhile_is_left_out(root, monkeypatch):
    make(root, "p/index.py", "p/gone/x.py")
    real = code_tree.list_entries

    def list_entries(folder, **options):
        if Path(folder).name == "gone":
            raise FileNotFoundError(folder)
        return real(folder, **options)

    monkeypatch.setattr(code_tree, "list_entries", list_entries)
    assert set(stamp_files([f"{root}/p"])) == {f"{root}/p/index.py"}
