"""The folder of a function's layers: merged once, again where it is missing, and never of a package that goes."""

import asyncio

import pytest

from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function_version import FunctionKey, FunctionRecord, LayerRef
from tencentserverless.local.registry.layer import Layer, LayerVersion
from tencentserverless.local.registry.layer_catalogue import LayerCatalogue
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.scheduler.layer_folders import LayerFolders
from tests.local.registry.test_packages import zipped


@pytest.fixture
def packages(tmp_path):
    return Packages(tmp_path / "packages")


@pytest.fixture
def finder(tmp_path, packages):
    database = Database(tmp_path / "state.db", print)
    drafts = [packages.unpack(zipped((f"{word}.txt", word))) for word in ("one", "two")]
    versions = tuple(
        LayerVersion(number, packages.adopt(draft).sha256, draft.archive_bytes, draft.unpacked_bytes)
        for number, draft in enumerate(drafts, start=1)
    )
    yield LayerFolders(LayerCatalogue(database, [Layer("ap-x", "words", versions, 2)]), packages)
    database.close()


def record(tmp_path, *numbers):
    key = FunctionKey("ap-x", "default", "user")
    layers = tuple(LayerRef("words", number) for number in numbers)
    return FunctionRecord(key, "a.b", "Python3.9", tmp_path, layers=layers)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


async def find(finder, tmp_path, *numbers):
    return await finder.find(record(tmp_path, *numbers), "instance")


def test_one_layer_is_its_own_package_and_two_are_merged_once(finder, packages, tmp_path):
    async def look():
        single = await find(finder, tmp_path, 1)
        both = await asyncio.gather(*(find(finder, tmp_path, 1, 2) for _ in range(3)))
        return single, both

    single, both = asyncio.run(look())
    assert (names(single), names(both[0]), len(set(both))) == (["one.txt"], ["one.txt", "two.txt"], 1)
    assert len(list(packages.root.iterdir())) == 3
    assert both[0].stat().st_mode & 0o777 == 0o500
    assert Packages(packages.root).has(both[0].parent.name)  # the next server finds it


def test_layers_that_are_not_here_are_left_out(finder, tmp_path):
    assert asyncio.run(find(finder, tmp_path, 9)) is None
    assert names(asyncio.run(find(finder, tmp_path, 9, 2))) == ["two.txt"]


def test_a_merged_folder_that_somebody_removed_is_made_again(finder, packages, tmp_path):
    first = asyncio.run(find(finder, tmp_path, 2, 1))
    first.parent.chmod(0o700)
    first.parent.rename(tmp_path / "away")
    assert names(asyncio.run(find(finder, tmp_path, 2, 1))) == ["one.txt", "two.txt"]


def test_nothing_is_kept_of_a_package_that_goes_while_it_is_merged(finder, packages, tmp_path):
    merge = packages.merge

    def drop_meanwhile(sources):
        draft = merge(sources)
        packages.drop_unused(set())
        return draft

    packages.merge = drop_meanwhile
    with pytest.raises(FileNotFoundError, match="was deleted while the instance started"):
        asyncio.run(find(finder, tmp_path, 1, 2))
    packages.empty_trash()
    assert list(packages.root.iterdir()) == []
