"""The files of a folder that configure functions."""

from tencentserverless.local.project import configuration_files as files


def test_files_of_a_folder(tmp_path):
    for name in (*files.NAMES, "serverless.component.yml", "index.py"):
        (tmp_path / name).touch()
    assert files.find_present(tmp_path) == files.NAMES
    assert [path.name for path in files.find_serverless(tmp_path)] == list(files.SERVERLESS)


def test_folders_with_such_names_and_a_folder_that_is_gone(tmp_path):
    (tmp_path / files.CLOUDBASE).mkdir()
    assert files.find_present(tmp_path) == frozenset()
    assert files.find_present(tmp_path / "gone") == frozenset()
