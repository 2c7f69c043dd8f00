"""Packages: what a zip file may hold, where it goes, and that it comes whole or not at all."""

import errno
import io
import os
import random
import resource
import stat
import subprocess
import sys
import tempfile
import threading
import zipfile

import pytest

from tencentserverless.local.registry import packages
from tencentserverless.local.registry.packages import BadPackage, Packages
from tests.profiles import examples


def zipped(*members, **options):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", **options) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return buffer.getvalue()


def member(name, mode=0, flags=0):
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    info.flag_bits |= flags
    return info


@pytest.fixture
def kept(tmp_path):
    return Packages(tmp_path / "packages")


def names(tmp_path):
    return sorted(os.listdir(tmp_path / "packages"))


def test_a_package_is_unpacked_into_a_folder_named_by_its_hash(kept, tmp_path):
    package = kept.adopt(kept.unpack(zipped(("index.py", "x = 1"), ("lib/deep/a.txt", "值"), ("./b", ""))))
    assert names(tmp_path) == [package.sha256]
    assert (package.folder / "index.py").read_text() == "x = 1"
    assert (package.folder / "lib/deep/a.txt").read_text() == "值"
    assert package.archive.stat().st_size == package.archive_bytes
    again = Packages(tmp_path / "packages")
    assert again.drop_unused({package.sha256}) is False
    assert package.folder.is_dir()


def test_files_have_no_write_bits_and_keep_their_executable_ones(kept):
    package = kept.adopt(kept.unpack(zipped((member("run.sh", stat.S_IFREG | 0o775), ""), ("index.py", ""))))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in package.folder.iterdir()}
    assert modes == {"run.sh": 0o555, "index.py": 0o444}


def folder_modes(folder):
    return {stat.S_IMODE(os.lstat(place).st_mode) for place, _, _ in os.walk(folder)}


def test_folders_have_no_write_bits_also_those_that_an_older_version_unpacked(kept, tmp_path):
    package = kept.adopt(kept.unpack(zipped(("lib/deep/a", "1"), ("empty/", ""))))
    assert folder_modes(package.folder.parent) == {0o500}
    for place, _, _ in os.walk(package.folder.parent):
        os.chmod(place, 0o700)
    Packages(tmp_path / "packages")
    assert folder_modes(package.folder.parent) == {0o500}


AS_ANOTHER_USER = """
import os, pathlib, sys
sys.path[:0] = sys.argv[2:]
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.control import forget_state
from tencentserverless.local.state_dir import StateFolder
from tencentserverless.local.worker.run_directory import RunDirectory
archive = sys.stdin.buffer.read()
def attempts(place):
    for name in ("index.py", "new.txt", "lib/new.txt", "../new.txt"):
        try:
            (place / name).write_text("left")
            yield "written " + name
        except PermissionError:
            pass
def run(state):
    StateFolder(state)
    kept = Packages(state / "packages")
    for _ in range(2):  # the second time it is there already
        package = kept.adopt(kept.unpack(archive))
    print(list(attempts(package.folder)))
    os.chmod(package.folder / "lib", 0)  # as a function may do
    kept.drop_unused(set())
    kept.empty_trash()
    print(os.listdir(kept.root))
    kept.adopt(kept.unpack(archive))
    kept.unpack(archive)
    Packages(state / "packages")  # a server was killed before it had adopted that one
    print(len(os.listdir(kept.root)))
    print(forget_state(state), sorted(os.listdir(state)))
    support = RunDirectory()
    inner = Packages(support.root / "packages")
    inner.adopt(inner.unpack(archive))
    support.close()
    print(support.root.exists())
if os.getuid() == 0:
    run(pathlib.Path(sys.argv[1], "loads-all-modules"))
    os.setuid(65534)
    print("as another user")
run(pathlib.Path(sys.argv[1], "state"))
"""


def test_no_function_leaves_files_beside_shared_code_and_its_owner_can_remove_it():
    """Root may write anything, so another user tries."""
    archive = zipped(("index.py", "1"), ("lib/a.py", "2"))
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        command = [sys.executable, "-c", AS_ANOTHER_USER, folder, *sys.path]
        done = subprocess.run(command, input=archive, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""
    lines = done.stdout.decode().splitlines()[-5:]
    assert lines == ["[]", "[]", "1", "['packages'] ['.gitignore', 'layout', 'lock']", "False"]


def test_what_a_link_leads_to_keeps_its_mode_when_a_folder_is_removed(kept, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir(mode=0o755)
    draft = kept.unpack(zipped(("a", "1")))
    os.chmod(draft.folder / "code", 0o700)
    (draft.folder / "code" / "link").symlink_to(outside)
    draft.discard()
    assert not draft.folder.exists()
    assert folder_modes(outside) == {0o755}


@pytest.mark.parametrize(
    ("archive", "words"),
    [
        (b"", "no standard zip"),
        (b"PK\x03\x04 but no more", "no standard zip"),
        (zipped(("index.py", "x"))[:-10], "no standard zip"),
        (zipped(), "no files"),
        (zipped(("folder/", "")), "no files"),
        (zipped(("../up.py", "")), "out of the package"),
        (zipped(("a/../../up.py", "")), "out of the package"),
        (zipped(("/etc/passwd", "")), "absolute"),
        (zipped(("C:/windows", "")), "absolute"),
        (zipped((member("a\\..\\..\\up.py"), "")), "backslash"),
        (zipped((member("link", stat.S_IFLNK | 0o777), "/etc/passwd")), "link"),
        (zipped((member("pipe", stat.S_IFIFO | 0o777), "")), "link or a device"),
        (zipped(("x" * 256, "")), "too long"),
        (zipped(("x/" * 513 + "y", "")), "too long"),
        (zipped(("a", ""), ("a/b", "")), "twice"),
        (zipped(("a/b", ""), ("a", "")), "twice"),
    ],
)
def test_what_is_refused(kept, tmp_path, archive, words):
    with pytest.raises(BadPackage, match=words):
        kept.unpack(archive)
    assert names(tmp_path) == []


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused(kept):
    with pytest.raises(BadPackage, match="twice"):
        kept.unpack(zipped(("a", "1"), ("a", "2")))


def test_an_encrypted_file_is_refused(kept):
    archive = bytearray(zipped(("a", "1")))
    for signature, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        archive[archive.index(signature) + offset] |= 1
    with pytest.raises(BadPackage, match="encrypted"):
        kept.unpack(bytes(archive))


def test_a_damaged_file_is_refused(kept):
    archive = zipped(("a", "some text"))
    with pytest.raises(BadPackage, match="no standard zip"):
        kept.unpack(archive.replace(b"some text", b"some tale"))


@pytest.mark.campaign
@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_damage_anywhere_is_a_bad_package_and_no_error_inside(kept, method):
    whole = zipped(("a.py", "x = 1\n" * 20), ("lib/b", ""), ("lib/é", "é" * 9), compression=method)
    chance = random.Random(9)
    damaged = [whole[:end] for end in range(0, len(whole), 7)]
    damaged += [whole[:at] + byte + whole[at + 1 :] for at in range(len(whole)) for byte in (b"\x00", b"\xff")]
    for _ in range(500):
        copy = bytearray(whole)
        for _ in range(chance.randint(1, 4)):
            copy[chance.randrange(len(copy))] = chance.randrange(256)
        damaged.append(bytes(copy))
    tried = chance.sample(damaged, examples(len(damaged), share=10))
    refused = 0
    for archive in tried:
        try:
            kept.unpack(archive).discard()
        except BadPackage:
            refused += 1
    assert refused > len(tried) // 4


def test_a_directory_before_the_file_and_fields_cut_off_are_refused(kept):
    whole = zipped(("a", "1"))
    end = whole.index(b"PK\x05\x06")
    with pytest.raises(BadPackage, match="no standard zip"):
        kept.unpack(whole[: end + 12] + b"\xff\xff\xff\x7f" + whole[end + 16 :])
    extra = member("a")
    extra.extra = b"\x01\x00\x04\x00\x00\x00\x00\x00"
    huge = bytearray(zipped((extra, "1")))
    at = huge.index(b"PK\x01\x02") + 24
    huge[at : at + 4] = b"\xff\xff\xff\xff"
    with pytest.raises(BadPackage, match="no standard zip"):
        kept.unpack(bytes(huge))


def test_a_full_disk_is_not_the_packages_fault(kept, tmp_path):
    archive = zipped(("a", "0" * 100_000), compression=zipfile.ZIP_DEFLATED)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, limits[1]))  # Python ignores SIGXFSZ: the write fails
    try:
        with pytest.raises(OSError, match="too large"):
            kept.unpack(archive)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert names(tmp_path) == []


def test_bombs_are_refused_by_what_they_say_and_by_what_they_are(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "MAX_UNPACKED_BYTES", 1000)
    bomb = zipped(("a", "0" * 1001), compression=zipfile.ZIP_DEFLATED)
    with pytest.raises(BadPackage, match="larger than 1000"):
        kept.unpack(bomb)
    liar = zipfile.ZipFile
    monkeypatch.setattr(liar, "infolist", lambda self: [_smaller(each) for each in self.filelist])
    with pytest.raises(BadPackage):
        kept.unpack(bomb)
    assert names(tmp_path) == []


def _smaller(info):
    info.file_size = 10
    return info


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_methods_that_unpack_without_bound_are_refused(kept, tmp_path, method):
    with pytest.raises(BadPackage, match="store and deflate: 'a'"):
        kept.unpack(zipped(("a", "0" * 1000), compression=method))
    assert names(tmp_path) == []


def test_too_many_files_are_refused(kept, monkeypatch):
    monkeypatch.setattr(packages, "MAX_FILES", 3)
    with pytest.raises(BadPackage, match="4 files"):
        kept.unpack(zipped(*((str(number), "") for number in range(4))))


def test_folders_count_as_files_do_even_if_no_member_names_them(kept, tmp_path, monkeypatch):
    monkeypatch.setattr(packages, "MAX_FILES", 6)
    kept.unpack(zipped(("a/b/c", ""), ("a/b/d", ""), ("a/", ""), ("e/f", ""))).discard()
    with pytest.raises(BadPackage, match="more than 6 files and folders"):
        kept.unpack(zipped(("a/b/c", ""), ("d/e/f", ""), ("g", "")))
    assert names(tmp_path) == []


def test_folders_are_nested_so_deep_and_no_deeper(kept):
    kept.unpack(zipped(("x/" * 31 + "y", "")))
    with pytest.raises(BadPackage, match="more than 32 parts"):
        kept.unpack(zipped(("x/" * 32 + "y", "")))


def test_the_same_content_is_kept_once_and_goes_when_nothing_needs_it(kept, tmp_path):
    archive = zipped(("index.py", "1"))
    first, second = kept.adopt(kept.unpack(archive)), kept.adopt(kept.unpack(archive))
    assert first == second
    other = kept.adopt(kept.unpack(zipped(("index.py", "2"))))
    assert kept.drop_unused({other.sha256})
    assert not first.folder.exists()
    kept.empty_trash()
    assert names(tmp_path) == [other.sha256]
    assert kept.adopt(kept.unpack(archive)).folder.is_dir()


def test_a_new_start_clears_what_a_killed_server_left(kept, tmp_path):
    draft = kept.unpack(zipped(("index.py", "1")))
    package = kept.adopt(kept.unpack(zipped(("index.py", "2"))))
    assert draft.folder.is_dir()
    again = Packages(tmp_path / "packages")
    assert names(tmp_path) == [package.sha256]
    assert again.drop_unused(set())


def test_a_folder_becomes_a_package_without_state_and_caches(kept, tmp_path):
    source = tmp_path / "code"
    for folder in ("lib", ".scf", "__pycache__", ".git"):
        (source / folder).mkdir(parents=True)
        (source / folder / "file").write_text(folder)
    (source / "index.py").write_text("x = 1")
    (source / "tool").write_text("")
    (source / "tool").chmod(0o755)
    (tmp_path / "outside.txt").write_text("linked")
    (source / "link.txt").symlink_to(tmp_path / "outside.txt")
    os.mkfifo(source / "pipe")
    package = kept.adopt(kept.snapshot(source))
    found = sorted(path.relative_to(package.folder).as_posix() for path in package.folder.rglob("*") if path.is_file())
    assert found == ["index.py", "lib/file", "link.txt", "tool"]
    assert (package.folder / "link.txt").read_text() == "linked"
    assert os.access(package.folder / "tool", os.X_OK)
    assert kept.adopt(kept.snapshot(source)) == package  # equal folders make equal packages


def test_a_file_that_is_just_being_written_in_place_is_packed_when_it_is_whole(kept, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "index.py").write_text("")  # as an editor leaves it for a moment
    writing = threading.Timer(0.1, (source / "index.py").write_text, ("x = 1",))
    writing.start()
    package = kept.adopt(kept.snapshot(source))
    writing.join()
    assert (package.folder / "index.py").read_text() == "x = 1"
    assert names(tmp_path) == [package.sha256]


def test_a_state_folder_inside_the_code_is_not_packed(tmp_path):
    source = tmp_path / "code"
    (source / "state").mkdir(parents=True)
    (source / "index.py").write_text("")
    (source / "state" / "credentials").write_text("secret")
    kept = Packages(source / "state" / "packages")
    assert [path.name for path in kept.adopt(kept.snapshot(source)).folder.iterdir()] == ["index.py"]


def test_a_folder_that_has_gone_or_turns_in_a_circle_is_refused(kept, tmp_path):
    with pytest.raises(BadPackage, match="No such file"):
        kept.snapshot(tmp_path / "gone")
    source = tmp_path / "circle"
    source.mkdir()
    (source / "index.py").write_text("")
    (source / "self").symlink_to(source)
    with pytest.raises(BadPackage):
        kept.snapshot(source)


def test_an_archive_that_can_not_be_read_is_no_fault_of_the_disk_of_packages(kept, tmp_path):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise OSError(errno.EIO, "Input/output error")

    with pytest.raises(BadPackage, match="it can't be read: Input/output error"):
        kept.unpack_file(Broken())
    assert names(tmp_path) == []
