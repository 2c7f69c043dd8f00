"""The lines of a start: what is told once, and of what is not served as it may be expected."""

import dataclasses

from tencentserverless.local.project.discovery import discover
from tencentserverless.local.settings import Settings
from tencentserverless.local.start_notices import list_notices
from tencentserverless.local.state_dir import StateFolder
from tencentserverless.local.worker.interpreters import Interpreters


def notices_of(folder, is_older=False, **settings):
    made = dataclasses.replace(Settings(folder), **settings)
    project = discover(folder, made.region, {}, 0.0, may_be_empty=True)
    return list_notices(made, project, Interpreters(is_strict=False), is_older=is_older)


def test_the_new_default_port_is_told_once_to_users_of_an_older_state_folder(tmp_path):
    state, words = tmp_path / "state", "the default port is 8583 now; it was 9000: --port 9000 keeps it"
    StateFolder(state)
    (state / "layout").unlink()  # as before the change
    assert [StateFolder(state).is_older for _ in range(2)] == [True, False]
    assert notices_of(tmp_path / "none", is_older=True) == [words]
    assert notices_of(tmp_path / "none", is_older=True, port=9000) == []
    assert notices_of(tmp_path / "none") == []


def test_what_is_not_served_as_it_may_be_expected_is_told(tmp_path):
    (tmp_path / "fn").mkdir()
    (tmp_path / "fn" / "index.py").write_text("def other(event, context):\n    return event\n")
    (tmp_path / "fn" / "serverless.yml").write_text(
        "component: scf\nname: fn\ninputs: {name: fn, src: ., runtime: Python3.9, region: ap-tokyo}\n"
    )
    assert notices_of(tmp_path) == [
        "fn: handler index.main_handler: no main_handler in index.py; it has other",
        "fn is in ap-tokyo: --region ap-tokyo",
    ]
    told = notices_of(tmp_path / "none", host="0.0.0.0")
    assert told[0].startswith("warning: 0.0.0.0 can be reached from other machines")


def test_a_web_function_without_a_url_is_told(tmp_path):
    start, manifest = tmp_path / "scf_bootstrap", tmp_path / "serverless.yml"
    start.write_text("#!/bin/bash\nexec python3 app.py\n")
    start.chmod(0o755)
    words = "component: scf\nname: site\ninputs:\n  name: site\n  src: .\n  type: web\n  runtime: Python3.10\n"
    manifest.write_text(words)
    (told,) = notices_of(tmp_path)
    assert told.startswith("site: a web function is called by a URL, and its file gives it none: add below events: - ")
    manifest.write_text(f"{words}  events:\n    {told.split('events: ')[1]}\n")
    assert notices_of(tmp_path) == []
