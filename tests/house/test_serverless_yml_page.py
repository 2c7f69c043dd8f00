"""docs/reference/serverless-yml.md: each file is read with no complaint, means what it says, and uses every key."""

import re
from pathlib import Path

import pytest
import yaml

from tencentserverless.local.project.keys import (
    FUNCTION_KEYS,
    SOURCE_KEYS,
    TIMER_KEYS,
    URL_CORS_KEYS,
    URL_KEYS,
    URL_NET_KEYS,
    Effect,
)
from tencentserverless.local.serve import read_deployables
from tests.conftest import SOURCE

PAGE = SOURCE.parent / "docs" / "reference" / "serverless-yml.md"
TEXT = PAGE.read_text(encoding="utf-8")
FILES = dict(re.findall(r"^```yaml\n# (\S+)\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL))
(HANDLER,) = re.findall(r"^```python\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)


def write(folder: Path, name: str) -> Path:
    place = folder / name
    place.parent.mkdir(parents=True)
    place.write_text(FILES[name], encoding="utf-8")
    for module in ("src/index.py", "src/order.py", "src/price.py"):
        (place.parent / module).parent.mkdir(exist_ok=True)
        (place.parent / module).write_text(HANDLER)
    (place.parent / "shared").mkdir()
    (place.parent / "shared" / "texts.json").write_text("{}")
    return place.parent


@pytest.fixture
def read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("DATABASE", "a-database")

    def ask(name: str) -> dict:
        return {each.name: each for each in read_deployables(write(tmp_path, name), "ap-guangzhou")}

    return ask


def test_every_block_is_a_whole_file() -> None:
    assert len(FILES) == TEXT.count("```yaml")


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_without_a_complaint(read, name: str) -> None:
    for function in read(name).values():
        assert function.told == ()
        assert function.left_out == ()


def test_names_and_settings_are_those_that_the_page_tells(read, tmp_path: Path) -> None:
    assert list(read("hello/serverless.yml")) == ["hello-dev-hello"]
    assert list(read("named/serverless.yml")) == ["hello"]
    (timer,) = read("report/serverless.yml")["report"].timers
    assert (timer.name, timer.cron, timer.is_enabled) == ("every-morning", "0 30 8 * * * *", True)
    mail = read("mail/serverless.yml")["mail"]
    assert (mail.retries, mail.ttl_seconds) == (1, 3600)
    video = read("video/serverless.yml")["video"]
    assert (video.runs_async, video.timeout_seconds) == (True, 7200)
    assert read("shop/serverless.yml")["shop"].environment == {
        "TABLE": "orders",
        "PHONE": "013800000000",
        "DEBUG": "false",
        "DATABASE": "a-database",
    }


def test_several_functions_of_one_file(read) -> None:
    both = read("both/serverless.yml")
    assert {name: each.memory_mb for name, each in both.items()} == {"order": 128, "price": 256}
    assert {each.environment["TABLE"] for each in both.values()} == {"orders"}
    assert [timer.name for timer in both["price"].timers] == ["hourly"]


def test_the_last_file_has_every_key_that_is_read(read) -> None:
    inputs = yaml.safe_load(FILES["all/serverless.yml"])["inputs"]
    url = inputs["events"][1]["http"]["parameters"]
    for keys, found in (
        (FUNCTION_KEYS, inputs),
        (SOURCE_KEYS, inputs["src"]),
        (TIMER_KEYS, inputs["events"][0]["timer"]["parameters"]),
        (URL_KEYS, url),
        (URL_NET_KEYS, url["netConfig"]),
        (URL_CORS_KEYS, url["corsConfig"]),
    ):
        assert set(found) == {key for key, effect in keys.items() if effect is Effect.BOTH}
    function = read("all/serverless.yml")["all-dev-shop"]
    assert (function.memory_mb, function.timeout_seconds, function.init_timeout_seconds) == (256, 10, 60)
    assert (function.retries, function.ttl_seconds, function.runs_async) == (2, 21600, False)


def test_values_that_the_page_calls_defaults(read) -> None:
    smallest = read("hello/serverless.yml")["hello-dev-hello"]
    assert (smallest.memory_mb, smallest.timeout_seconds, smallest.init_timeout_seconds) == (128, 3, 65)
    assert (smallest.retries, smallest.ttl_seconds) == (2, 21600)


def test_the_files_run_on_a_local_scf(start_local_scf, tmp_path: Path) -> None:
    for name in ("named/serverless.yml", "both/serverless.yml"):
        write(tmp_path / "project", name)
    server = start_local_scf(tmp_path / "project")
    for name in ("hello", "order", "price"):
        assert server.invoke(name, {"name": "Ada"})["RetMsg"] == '{"message": "Hello, Ada!"}'


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)]+)\)", TEXT):
        assert (PAGE.parent / target).exists(), target
