"""What is watched, from which moment on, and what a watch outlives."""

import asyncio
import contextlib
import gc
import os
import resource
import shutil
import sys
from pathlib import Path

import pytest
from watchfiles import Change

from tencentserverless.local.project import code_tree
from tencentserverless.local.project import watch as watch_module
from tencentserverless.local.project.code_digest import digest
from tencentserverless.local.project.watch import Watch, stamp_project

PATIENCE_SECONDS = 30


@contextlib.asynccontextmanager
async def watching(root, *folders, tell=pytest.fail):
    """A watch, and what it has told of until now."""
    watched = Watch(root, lambda: folders, tell)
    await watched.begin()
    seen, came = set(), asyncio.Event()

    async def listen():
        async for paths in watched.changes():
            seen.update(paths)
            came.set()

    async def heard(*paths):
        """One of these was told. Returns all that were."""
        while seen.isdisjoint(paths):
            came.clear()
            await came.wait()
        told = set(seen)
        seen.clear()
        return told

    task = asyncio.ensure_future(listen())
    try:
        yield heard
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def run(scenario):
    asyncio.run(asyncio.wait_for(scenario(), PATIENCE_SECONDS))


@pytest.mark.skipif(sys.platform == "darwin", reason="file names there are UTF-8")
def test_a_folder_whose_name_is_not_utf_8_is_watched_too(tmp_path):
    folder = tmp_path / os.fsdecode(b"caf\xe9")
    folder.mkdir()
    told = []

    async def scenario():
        async with watching(tmp_path, tell=told.append) as heard:
            (folder / "index.py").write_text("")
            await heard(folder / "index.py")

    run(scenario)
    assert len(told) == 1
    assert "looked for" in told[0]


def test_it_has_begun_when_it_is_there(tmp_path):
    async def scenario():
        watched = Watch(tmp_path, lambda: (), pytest.fail)
        await watched.begin()
        (tmp_path / "one.py").write_text("")
        changes = watched.changes()
        assert await anext(changes) == {tmp_path / "one.py"}
        (tmp_path / "two.py").write_text("")
        assert await anext(changes) == {tmp_path / "two.py"}
        await changes.aclose()

    run(scenario)


def test_what_has_changed_before_it_began_is_told_by_its_begin(tmp_path):
    for name in ("same", "saved", "removed"):
        (tmp_path / f"{name}.py").write_text("")
    before = stamp_project(tmp_path)
    (tmp_path / "saved.py").write_text("x")
    (tmp_path / "removed.py").unlink()
    (tmp_path / "made.py").write_text("")

    async def scenario():
        watched = Watch(tmp_path, lambda: (), pytest.fail, before)
        assert await watched.begin() == {tmp_path / f"{name}.py" for name in ("saved", "removed", "made")}
        again = Watch(tmp_path, lambda: (), pytest.fail, stamp_project(tmp_path))
        assert await again.begin() == set()

    run(scenario)


def test_what_lies_elsewhere_is_watched_too(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "code").mkdir()

    async def scenario():
        async with watching(tmp_path / "project", tmp_path / "code", tmp_path / "none") as heard:
            (tmp_path / "code" / "one.py").write_text("")
            await heard(tmp_path / "code" / "one.py")
            (tmp_path / "none").mkdir()
            await heard(tmp_path / "none")
            (tmp_path / "none" / "one.py").write_text("")
            await heard(tmp_path / "none" / "one.py")

    run(scenario)


async def refuse_to_watch(*_told):
    raise OSError("too many watches")
    yield


@pytest.mark.parametrize("is_polling", [False, True])
def test_saved_variables_are_told_and_the_digest_of_their_folder_stays(tmp_path, monkeypatch, is_polling):
    root = tmp_path / "project"
    for name in ("fn", ".venv"):
        (root / name).mkdir(parents=True)
    before = digest(root)
    if is_polling:
        monkeypatch.setattr(watch_module, "_awatch", refuse_to_watch)

    async def scenario():
        async with watching(root, tell=lambda words: None) as heard:
            for place in (root / ".env", root / "fn" / ".env.test"):
                place.write_text("A=1\n")
                await heard(place)
            (root / ".venv" / ".env").write_text("A=1\n")
            (root / ".hidden").write_text("")
            (root / "one.py").write_text("")
            assert await heard(root / "one.py") == {root / "one.py"}

    run(scenario)
    (root / "one.py").unlink()
    assert digest(root) == before


def test_files_above_the_project_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(watch_module, "_LOOK_MS", 20)
    root = tmp_path / "a" / "project"
    root.mkdir(parents=True)

    async def scenario():
        async with watching(root) as heard:
            for path in (tmp_path / ".env", tmp_path / "a" / ".env.dev", tmp_path / "a" / "serverless.yml"):
                path.write_text("A: 1\n")
                await heard(path)
        before = stamp_project(root)
        (tmp_path / ".env").unlink()
        assert await Watch(root, lambda: (), pytest.fail, before).begin() == {tmp_path / ".env"}

    run(scenario)


def test_new_folders_and_those_in_them_are_watched(tmp_path):
    async def scenario():
        async with watching(tmp_path) as heard:
            deep = tmp_path / "new" / "er"
            deep.mkdir(parents=True)
            await heard(deep)
            (deep / "one.py").write_text("")
            await heard(deep / "one.py")

    run(scenario)


def test_what_a_replaced_watch_has_not_told_yet_is_not_lost(tmp_path, monkeypatch):
    """A machine with much to do can keep a saved file back until after the watch is replaced, for a new folder."""
    new = tmp_path / "new"
    real, late = watch_module._awatch, iter((True,))

    is_there = asyncio.Event()

    async def tell_of_the_folder_alone():
        await is_there.wait()
        yield {(Change.added, str(new))}
        await asyncio.Event().wait()

    monkeypatch.setattr(
        watch_module, "_awatch", lambda *told: tell_of_the_folder_alone() if next(late, False) else real(*told)
    )

    async def scenario():
        async with watching(tmp_path) as heard:
            (tmp_path / "one.py").write_text("")
            new.mkdir()
            is_there.set()
            await heard(tmp_path / "one.py")

    run(scenario)


@pytest.mark.parametrize("is_away", [False, True])
def test_a_root_that_is_replaced_is_watched_again(tmp_path, is_away):
    root = tmp_path / "root"
    root.mkdir()

    async def scenario():
        async with watching(root) as heard:
            shutil.rmtree(root)
            if is_away:
                await heard(root)
            root.mkdir()
            await heard(root)
            for name in ("one.py", "two.py"):
                (root / name).write_text("")
                await heard(root / name, root)  # of a folder that is told everything may have changed

    run(scenario)


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="reads /proc, which this system has not")
def test_folders_that_hold_no_code_take_no_watch(tmp_path):
    for name in (".venv/lib", ".git/objects", "node_modules/a", "__pycache__", "code/deep"):
        (tmp_path / name).mkdir(parents=True)

    def count_watches():
        texts = (Path("/proc/self/fdinfo") / name for name in os.listdir("/proc/self/fd"))
        return sum(text.read_text().count("inotify wd:") for text in texts if text.exists())

    async def scenario():
        before = count_watches()
        async with watching(tmp_path):
            assert count_watches() - before == 3

    run(scenario)


def test_a_project_below_a_folder_of_such_a_name_is_watched(tmp_path):
    root = tmp_path / ".venv" / "project"
    root.mkdir(parents=True)

    async def scenario():
        before = digest(root)
        async with watching(root) as heard:
            (root / "one.py").write_text("")
            await heard(root / "one.py")
            assert digest(root) != before

    run(scenario)


def lay_links(root):
    """A project whose function has links: to a file, to a folder, and to what is not there, all outside."""
    for path in ("p/fn/index.py", "shared/util.py", "lib/deep/x.py", "v2/util.py"):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text("")
    (root / "p/fn/util.py").symlink_to("../../shared/util.py")
    (root / "p/fn/lib").symlink_to(root / "lib")
    (root / "p/fn/later").symlink_to(root / "later")
    return root / "p"


@pytest.mark.parametrize("is_polling", [False, True])
def test_what_links_lead_to_is_told_by_the_path_of_the_link(tmp_path, monkeypatch, is_polling):
    tmp_path = tmp_path.resolve()
    root, told = lay_links(tmp_path), []
    if is_polling:
        monkeypatch.setattr(watch_module, "_awatch", refuse_to_watch)

    async def scenario():
        async with watching(root, tell=told.append) as heard:
            for path, link in (
                ("shared/util.py", "util.py"),
                ("lib/deep/x.py", "lib"),
                ("lib/new.py", "lib"),
                ("later", "later"),
            ):
                if path == "later":
                    (tmp_path / path).mkdir()
                else:
                    (tmp_path / path).write_text("x")
                await heard(root / "fn" / link)
            (tmp_path / "later/x.py").write_text("x")  # the folder is watched now
            await heard(root / "fn/later")
            (tmp_path / "new").symlink_to("../../v2/util.py")
            (tmp_path / "new").replace(root / "fn/util.py")
            await heard(root / "fn/util.py")
            (tmp_path / "v2/util.py").write_text("xy")
            await heard(root / "fn/util.py")

    run(scenario)
    assert len(told) == is_polling


def test_a_link_that_leads_elsewhere_is_told_again_when_the_new_place_is_known(tmp_path):
    """What was saved there before that was told by its own path alone."""
    for name in ("a.py", "b.py"):
        (tmp_path / name).write_text("")
    (tmp_path / "fn").mkdir()
    link = tmp_path / "fn" / "util.py"
    link.symlink_to("../a.py")

    async def scenario():
        async with watching(tmp_path) as heard:
            link.unlink()
            link.symlink_to("../b.py")
            assert link in await heard(link)
            assert await heard(link) == {link}

    run(scenario)


@pytest.mark.parametrize("place", [".tox/fn", ".venv/lib/site-packages"])
def test_a_folder_that_the_project_leaves_out_is_watched_if_a_function_loads_from_it(tmp_path, place):
    folder = tmp_path / place
    folder.mkdir(parents=True)

    async def scenario():
        async with watching(tmp_path, folder) as heard:
            (folder / "one.py").write_text("")
            await heard(folder / "one.py")

    run(scenario)


def test_too_many_folders_behind_links_are_told_once(tmp_path, monkeypatch):
    monkeypatch.setattr(code_tree, "MAX_LINKED_FOLDERS", 0)
    root, told = lay_links(tmp_path), []

    async def scenario():
        async with watching(root, tell=told.append) as heard:
            (root / "new").mkdir()
            await heard(root / "new")
            (root / "new/one.py").write_text("")
            await heard(root / "new/one.py")

    run(scenario)
    assert len(told) == 1
    assert "links lead to more than " in told[0]


@contextlib.contextmanager
def few_descriptors():
    """This process gets one more descriptor, which looking into folders takes; a watch takes several."""
    gc.collect()  # the descriptors of earlier watches are free now, and not later
    taken = {int(name) for name in os.listdir("/proc/self/fd")}
    free = next(number for number in range(len(taken) + 1) if number not in taken)
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (free + 1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc, which this system has not")
@pytest.mark.parametrize("is_late", [False, True])
def test_where_the_system_watches_too_much_already_files_are_looked_for(tmp_path, is_late):
    told = []

    async def scenario():
        is_told = asyncio.Event()

        def tell(words):
            told.append(words)
            is_told.set()

        with contextlib.ExitStack() as limit:
            if not is_late:
                limit.enter_context(few_descriptors())
            async with watching(tmp_path, tell=tell) as heard:
                if is_late:
                    limit.enter_context(few_descriptors())
                (tmp_path / "new").mkdir()
                await is_told.wait()
                limit.close()
                for number in range(2):
                    (tmp_path / "new" / "one.py").write_text("x" * number)
                    await heard(tmp_path / "new" / "one.py")
                (tmp_path / "new" / "one.py").unlink()
                await heard(tmp_path / "new" / "one.py")

    run(scenario)
    assert len(told) == 1
    assert "the system does not tell of saved files" in told[0]
