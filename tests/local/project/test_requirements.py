"""Advice on a module that is missing: where a file of requirements names it, with a command that can be run."""

import sys

import pytest

from tencentserverless.local.project.requirements import find_command, find_command_of_runtime
from tencentserverless.local.worker.interpreters import OWN_RUNTIME


def missing(module):
    return f"Traceback (most recent call last):\n  x\nModuleNotFoundError: No module named '{module}'"


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "my project" / "fn"
    folder.mkdir(parents=True)
    return folder


def test_the_command_installs_the_file_into_the_folder_of_the_code(folder):
    (folder / "requirements.txt").write_text("# first\n\njson5==0.9  # a comment\n")
    path = folder / "requirements.txt"
    assert find_command(missing("json5"), folder, "/usr/bin/python3.9") == (
        f"json5 is in {path} and is not installed; run: /usr/bin/python3.9 -m pip install -r '{path}' -t '{folder}'"
    )
    assert (
        find_command_of_runtime(missing("json5"), folder, OWN_RUNTIME).partition("run: ")[2].startswith(sys.executable)
    )
    assert find_command_of_runtime(missing("json5"), folder, "Go1") == ""


@pytest.mark.parametrize(
    ("line", "module"),
    [
        *(("json5", "json5"), ("JSON5>=1,<2", "json5"), ("zope.interface", "zope.interface"), ("a_b-c[x]", "a_b_c")),
        *(("PyYAML", "yaml"), ("beautifulsoup4", "bs4"), ("opencv-python-headless", "cv2"), ("Pillow", "PIL.Image")),
        *(("python-docx", "docx"), ("pymysql", "pymysql"), ("pyserial", "serial"), ("python_slugify", "slugify")),
        ("-e git+https://example.com/x.git#egg=json5", "json5"),
        ("json5 @ https://example.com/json5.whl", "json5"),
        ("json5; python_version > '3'", "json5"),
    ],
)
def test_a_module_is_found_by_the_name_of_its_distribution(folder, line, module):
    (folder / "requirements.txt").write_text(f"requests\n{line}\n")
    assert f" is in {folder}" in find_command(missing(module), folder, "python3")


def test_what_no_file_names_gets_no_advice(folder):
    assert find_command(missing("json5"), folder, "python3") == ""
    (folder / "requirements.txt").write_text("requests\njson\njson55\n#json5\n")
    for text in (missing("json5"), "ValueError: No module named 'requests'", "", missing("")):
        assert find_command(text, folder, "python3") == ""


def test_files_of_the_folders_above_and_included_ones_count(folder):
    (folder.parent / "requirements.txt").write_text("-r more/base.txt\n--requirement=requirements.txt\n-r none.txt\n")
    (folder.parent / "more").mkdir()
    (folder.parent / "more" / "base.txt").write_text("json5\n-r ../requirements.txt\n")
    assert f" is in {folder.parent}" in find_command(missing("json5.lib"), folder, "python3")


def test_the_message_of_python_2_and_of_a_chain_is_read(folder):
    (folder / "requirements.txt").write_text("json5\n")
    chain = f"{missing('ujson')}\n\nDuring handling ...\n\n{missing('json5')}"
    for text in ("x\nImportError: No module named json5.lib\n", chain):
        assert find_command(text, folder, "python2.7").startswith("json5 is in ")


def test_code_that_came_as_a_package_gets_no_advice(folder):
    (folder / "requirements.txt").write_text("json5\n")
    folder.chmod(0o500)
    assert find_command(missing("json5"), folder, "python3") == ""
    folder.chmod(0o700)
    assert find_command(missing("json5"), folder / "none", "python3") == ""
