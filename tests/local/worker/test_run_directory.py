"""The folder of one run holds what children import, and is gone after it, also with code that nobody may write."""

import subprocess
import sys

from tencentserverless.local.worker.run_directory import RunDirectory


def test_children_import_their_modules_and_the_sdk_from_it():
    directory = RunDirectory()
    try:
        names = sorted(path.stem for path in directory.child_folder.iterdir())
        program = f"import sys; sys.path[:0] = {[str(directory.child_folder), str(directory.sdk_folder)]!r}\n"
        program += "\n".join(f"import {name}" for name in (*names, "tencentserverless"))
        program += "\nprint(tencentserverless.__file__)"
        done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
        assert done.stdout.startswith(str(directory.sdk_folder)), done.stderr
    finally:
        directory.close()


def test_each_instance_has_a_temporary_folder_of_its_own():
    directory = RunDirectory()
    try:
        one, other = directory.make_scratch(), directory.make_scratch()
        assert one != other
        assert {path.stat().st_mode & 0o777 for path in (one, other)} == {0o700}
    finally:
        directory.close()


def test_nothing_is_left_of_it():
    directory = RunDirectory()
    code = directory.root / "packages" / "code"
    code.mkdir(parents=True)
    (code / "index.py").write_text("")
    code.chmod(0o500)
    directory.close()
    assert not directory.root.exists()
