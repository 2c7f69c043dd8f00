"""What is watched, from which moment on."""

import asyncio

import pytest

from tencentserverless.local.project.watch import watch


def test_it_has_begun_when_it_is_there(tmp_path):
    async def scenario():
        changes = await watch(tmp_path, [])
        (tmp_path / "one.py").write_text("")
        assert await anext(changes) == {tmp_path / "one.py"}
        (tmp_path / "two.py").write_text("")
        assert await anext(changes) == {tmp_path / "two.py"}

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_what_lies_elsewhere_is_watched_too(tmp_path):
    (tmp_path / "project").mkdir()
    (tmp_path / "code").mkdir()

    async def scenario():
        changes = await watch(tmp_path / "project", [tmp_path / "code", tmp_path / "none"])
        (tmp_path / "code" / "one.py").write_text("")
        assert await anext(changes) == {tmp_path / "code" / "one.py"}

    asyncio.run(asyncio.wait_for(scenario(), 20))


def test_what_can_not_be_watched_is_refused_at_once(tmp_path):
    async def scenario():
        with pytest.raises((OSError, RuntimeError)):
            await watch(tmp_path / "none", [])

    asyncio.run(scenario())
