"""Files that outlive a request: private, whole, and refused where they are not the user's."""

import os
import stat
import subprocess
import sys

import pytest

from tencentserverless.local import state_dir
from tencentserverless.local.access_keys import make_key_pair
from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.models import Credentials


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def test_the_env_file_can_be_sourced_by_a_shell(tmp_path):
    path = tmp_path / "env file"
    owner = Credentials("AKIDx", "it's $(a) `key`")
    state_dir.write_private(path, state_dir.environment_of("http://127.0.0.1:8583", owner, "ap-guangzhou"))
    assert mode(path) == 0o600
    script = 'set -a; . "$1"; env -0'
    out = subprocess.run(["sh", "-c", script, "sh", path], env={}, capture_output=True, check=True, text=True).stdout
    variables = dict(entry.split("=", 1) for entry in out.split("\0") if entry)
    assert {name: variables[name] for name in state_dir.ENV_VARIABLES} == {
        "TENCENTSERVERLESS_ENDPOINT_URL": "http://127.0.0.1:8583",
        "TENCENTCLOUD_SECRETID": "AKIDx",
        "TENCENTCLOUD_SECRET_ID": "AKIDx",
        "TENCENTCLOUD_SECRETKEY": "it's $(a) `key`",
        "TENCENTCLOUD_SECRET_KEY": "it's $(a) `key`",
        "TENCENTCLOUD_SESSIONTOKEN": "",
        "TENCENTCLOUD_REGION": "ap-guangzhou",
        "TENCENTCLOUD_UIN": "100000000001",
    }
    assert state_dir.read_variables(path)["TENCENTCLOUD_SECRET_KEY"] == "it's $(a) `key`"


@pytest.mark.parametrize(
    ("url", "present", "hosts"),
    [
        ("http://127.0.0.1:8583", "", "127.0.0.1,127.0.0.1:8583"),
        ("https://[::1]:8583", "", "::1,[::1]:8583"),
        ("http://127.0.0.1:8583", "example.com, .corp", "example.com, .corp,127.0.0.1,127.0.0.1:8583"),
        ("http://127.0.0.1:8583", "127.0.0.1", "127.0.0.1,127.0.0.1,127.0.0.1:8583"),
    ],
)
def test_hosts_that_need_no_proxy_come_behind_the_users_own_once_and_leave_them(url, present, hosts):
    added = state_dir.direct_hosts(url, present)
    assert added == {"NO_PROXY": hosts, "no_proxy": hosts}
    assert state_dir.direct_hosts(url, hosts) == added
    assert state_dir.leave_direct_hosts(url, hosts) == present
    assert state_dir.leave_direct_hosts("http://127.0.0.1:1", hosts) == hosts


def test_an_env_file_that_can_not_be_written_leaves_nothing(tmp_path):
    (tmp_path / "file").mkdir()
    with pytest.raises(StartupError, match="can't be written"):
        state_dir.write_private(tmp_path / "file", {"A": "b"})
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_state_folder_keeps_the_keys_and_itself_private(tmp_path):
    path = tmp_path / "deep" / "state"
    first = state_dir.StateFolder(path).credentials()
    assert state_dir.StateFolder(path).credentials() == first
    assert mode(path) == 0o700
    assert mode(path / "credentials") == 0o600
    assert (path / ".gitignore").read_text() == "*\n"


def test_a_folder_of_before_the_new_default_port_is_older_once(tmp_path):
    path = tmp_path / "state"
    assert not state_dir.StateFolder(path).is_older
    (path / "layout").unlink()
    assert state_dir.StateFolder(path).is_older
    assert not state_dir.StateFolder(path).is_older


def test_a_folder_that_is_held_is_refused_until_it_is_let_go(tmp_path):
    path = tmp_path / "state"
    with state_dir.StateFolder(path).held():
        with pytest.raises(StartupError, match="another local SCF runs from this folder") as refusal:
            state_dir.StateFolder(path).held().__enter__()
        assert refusal.value.reason is Reason.STATE
        assert str(refusal.value).startswith(f"{path}: ")
    with pytest.raises(OSError, match="of the server"), state_dir.StateFolder(path).held():
        raise OSError("of the server")


def test_a_folder_is_held_as_soon_as_a_process_lets_go_that_a_killed_server_was_about_to_start(tmp_path):
    folder = state_dir.StateFolder(tmp_path / "state")
    holding = "import fcntl, sys, time; fcntl.flock(open(sys.argv[1], 'ab'), 2); print(flush=True); time.sleep(0.3)"
    command = [sys.executable, "-c", holding, str(folder.path / "lock")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        with folder.held():
            pass


def test_a_folder_that_can_not_be_locked_is_refused(tmp_path):
    folder = state_dir.StateFolder(tmp_path / "state")
    (folder.path / "lock").mkdir()
    with pytest.raises(StartupError, match="can't be locked"):
        folder.held().__enter__()


def test_an_existing_folder_of_somebody_is_not_taken_over(tmp_path):
    (tmp_path / "work.txt").write_text("mine")
    (tmp_path / ".gitignore").write_text("*.pyc\n")
    with pytest.raises(StartupError, match="another program") as refusal:
        state_dir.StateFolder(tmp_path)
    assert refusal.value.reason is Reason.STATE
    assert (tmp_path / ".gitignore").read_text() == "*.pyc\n"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_folder_of_another_user_is_refused(tmp_path):
    path = tmp_path / "theirs"
    path.mkdir()
    os.chown(path, 12345, 12345)
    with pytest.raises(StartupError, match="another user owns"):
        state_dir.StateFolder(path)


def test_the_env_file_of_another_server_is_left_alone(tmp_path):
    folder = state_dir.StateFolder(tmp_path / "state")
    folder.write_environment(state_dir.environment_of("http://127.0.0.1:1", make_key_pair(), "ap-guangzhou"))
    folder.forget_environment("http://127.0.0.1:2")
    assert state_dir.environment_file(folder.path).exists()
    folder.forget_environment("http://127.0.0.1:1")
    assert not state_dir.environment_file(folder.path).exists()


@pytest.mark.parametrize(
    "text",
    [
        "TENCENTCLOUD_SECRETID=AKIDx\nTENCENTCLOUD_SECRETKEY=key\n",
        "# of the team\n\nexport TENCENTCLOUD_SECRET_ID='AKIDx'\nTENCENTCLOUD_SECRET_KEY=\"key\"\nOTHER=1\n",
    ],
)
def test_a_secret_file_in_either_spelling(tmp_path, text):
    path = tmp_path / "secrets"
    path.write_text(text)
    path.chmod(0o600)
    assert state_dir.read_secret_file(path) == Credentials("AKIDx", "key")


@pytest.mark.parametrize(
    ("content", "bits", "words"),
    [
        (b"TENCENTCLOUD_SECRETID=AKIDx\nTENCENTCLOUD_SECRETKEY=thekey\n", 0o640, "chmod 600"),
        (b"TENCENTCLOUD_SECRETID=AKIDx\nTENCENTCLOUD_SECRETKEY=thekey\n", 0o604, "chmod 600"),
        (b"TENCENTCLOUD_SECRETKEY=thekey\n", 0o600, "needs both"),
        (b"TENCENTCLOUD_SECRETID=\nTENCENTCLOUD_SECRETKEY=thekey\n", 0o600, "needs both"),
        (b"thekey\n", 0o600, "line 1 is not KEY=VALUE"),
        (b"TENCENTCLOUD_SECRETKEY='thekey\n", 0o600, "line 1 has a quote"),
        (b"\xff\xfe", 0o600, "not a text"),
        ("TENCENTCLOUD_SECRETID=AKIDx\nTENCENTCLOUD_SECRETKEY=thekey\u00fc\n".encode(), 0o600, "no request can carry"),
    ],
)
def test_secret_files_that_are_refused_without_being_shown(tmp_path, content, bits, words):
    path = tmp_path / "secrets"
    path.write_bytes(content)
    path.chmod(bits)
    with pytest.raises(StartupError, match=words) as refusal:
        state_dir.read_secret_file(path)
    assert refusal.value.reason is Reason.SECRETS
    assert "thekey" not in str(refusal.value)


def test_a_secret_file_that_is_not_there(tmp_path):
    with pytest.raises(StartupError, match="No such file"):
        state_dir.read_secret_file(tmp_path / "none")
