"""The files of a folder that configure functions."""

from tencentserverless.local.project import configuration_files as files


def test_files_of_a_folder(tmp_path):
    for name in (*files.NAMES, "serverless.component.yml", "index.py"):
        (tmp_path / name).touch()
    found = [*files.find_serverless(tmp_path), *files.find_others(tmp_path), *files.find_unread(tmp_path)]
    assert {path.name for path in found} == files.NAMES - {files.CONSOLE}
    assert len(found) == len(files.NAMES) - 1
