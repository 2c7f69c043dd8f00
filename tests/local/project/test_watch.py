"""What is watched, from which moment on, and what a watch outlives."""

import asyncio
import contextlib
import os
import resource
import shutil
from pathlib import Path

import pytest
from watchfiles import Change

from tencentserverless.local.project import watch as watch_module
from tencentserverless.local.project.watch import Watch, digest, stamp_project

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


@contextlib.contextmanager
def few_descriptors():
    """This process gets one more descriptor, which looking into folders takes; a watch takes several."""
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


def test_a_folder_that_is_not_there_has_no_digest(tmp_path):
    assert digest(tmp_path / "none") == ""
    assert digest(tmp_path) != ""


def test_a_folder_that_is_moved_while_it_is_read_has_no_digest(tmp_path, monkeypatch):
    """Else what was read of it would count as a change, and replace code that came through the API."""
    folder, real = tmp_path / "code", watch_module._files
    folder.mkdir()
    (folder / "index.py").write_text("")

    def files(place):
        yield from real(place)
        place.rename(tmp_path / "aside")

    monkeypatch.setattr(watch_module, "_files", files)
    assert digest(folder) == ""


def test_a_folder_whose_file_goes_away_while_it_is_read_is_read_again(tmp_path, monkeypatch):
    folder, real = tmp_path / "code", watch_module._files
    folder.mkdir()
    (folder / "index.py").write_text("")
    (folder / "link.py").symlink_to("nowhere")
    wanted = digest(folder)
    assert wanted
    (folder / "saving.py").write_text("")
    assert digest(folder) != wanted

    def files(place):
        found = list(real(place))
        (folder / "saving.py").unlink(missing_ok=True)
        yield from found

    monkeypatch.setattr(watch_module, "_files", files)
    assert digest(folder) == wanted


def test_a_folder_that_does_not_come_to_rest_has_no_digest(tmp_path, monkeypatch):
    monkeypatch.setattr(watch_module, "_files", lambda place: iter([place / "gone.py"]))
    assert digest(tmp_path) == ""
