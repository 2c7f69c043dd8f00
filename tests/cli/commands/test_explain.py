"""``scf explain``: every code, in both languages, with the verdict that the SDK gives it."""

import json

import pytest
from tencentcloud.scf.v20180416 import errorcodes

from tencentserverless import exception
from tencentserverless._core import wire
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.reference.error_catalogue import LANGUAGES, Catalogue
from tencentserverless.models import InvocationStatus, Verdict

CATALOGUE = Catalogue()
OFFICIAL = [value for name, value in vars(errorcodes).items() if name.isupper()]
#: Of the documented statuses, those that the SDK does not know: MAYBE.
UNKNOWN_STATUSES = {"403", "455", "456", "500"}
#: Codes of the official SDK for what never reached the API.
CLIENT_CODES = {"ClientNetworkError": "maybe", "ServerNetworkError": "maybe", "InvalidCredential": "no"}


def test_every_code_of_the_official_sdk_is_there():
    assert [code for code in OFFICIAL if CATALOGUE.find(code) is None] == []
    assert len(OFFICIAL) > 300


def test_every_status_and_code_that_the_sdk_knows_is_there():
    assert [status for status in wire.STATUSES if CATALOGUE.find(str(status)) is None] == []
    assert [code for code in wire.REFUSALS if CATALOGUE.find(code) is None] == []


def test_every_entry_is_whole_and_has_the_sdks_verdict():
    for entry in CATALOGUE:
        check_entry(entry)


def check_entry(entry):
    for text in (entry.meaning, entry.cause, entry.fix):
        assert all(text[language] for language in LANGUAGES)
    assert any("\u4e00" <= character <= "\u9fff" for character in entry.cause["zh"])
    if entry.code in CLIENT_CODES:
        assert entry.executed == CLIENT_CODES[entry.code]
    elif not entry.code.isdigit():
        assert entry.executed == wire.api_verdict(entry.code).value
    elif entry.code in UNKNOWN_STATUSES:
        assert entry.executed == "maybe"
        assert int(entry.code) not in wire.STATUSES
    else:
        assert entry.executed == wire.STATUSES[int(entry.code)][0].value


def test_a_status_is_explained_in_both_languages(run_scf):
    done = run_scf("explain", "432", "--lang", "both")
    assert done.returncode == 0
    assert done.stdout.startswith("432 ResourceLimitReached\n  meaning: no instance is free")
    assert "  did it run: no" in done.stdout
    assert "  含义: " in done.stdout


def test_the_answer_is_in_the_readers_language_alone(run_scf):
    chinese = {"LC_ALL": "zh_CN.UTF-8"}
    assert "含义" not in run_scf("explain", "432").stdout
    assert "meaning" not in run_scf("explain", "432", env=chinese).stdout
    assert "含义" in run_scf("explain", "432", env=chinese).stdout
    assert "含义" not in run_scf("explain", "432", "--language", "en", env=chinese).stdout
    assert "meaning" not in run_scf("explain", "432", "--lang", "zh").stdout


@pytest.mark.parametrize("number", ["-1", "0", "1", "200"])
def test_numbers_that_are_no_status_are_explained(run_scf, number):
    done = run_scf("explain", number)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith(f"{number}\n  meaning: ")


def test_a_negative_number_may_stand_among_options(run_scf):
    assert json.loads(run_scf("explain", "-1", "--json").stdout)["code"] == "-1"
    assert run_scf("explain", "--lang", "en", "--", "-1").returncode == 0


def names_that_are_printed():
    yield from (name for name in exception.__all__ if name != "TencentserverlessSDKException")
    yield from ("TencentserverlessSDKException", "JournalError", "LocalError", "UnfitFunction", "0", "1", "-1", "200")
    yield from (entry.name for entry in CATALOGUE if entry.name)
    yield from (each.value for each in (*Verdict, *InvocationStatus))
    yield from wire.EVENT_STATUSES
    yield from (each.name for each in Exit if each is not Exit.OK)
    yield from ("Active", "CreateFailed", "Creating", "DeleteFailed", "Deleting", "PublishFailed", "Publishing")
    yield from ("UpdateFailed", "Updating")


def test_every_name_that_is_printed_is_explained_in_both_languages():
    for name in names_that_are_printed():
        entry = CATALOGUE.find(name)
        assert entry is not None, name
        assert all(entry.meaning[language] for language in LANGUAGES), name
        assert all(bool(text["en"]) == bool(text["zh"]) for text in (entry.cause, entry.fix, entry.setting)), name
        assert all(CATALOGUE.find(child) for child in entry.children), name
        assert entry.executed in ("", "no", "maybe", "yes"), name


def test_a_class_and_a_name_lead_to_the_status():
    for name in ("FunctionTimeout", "TimeLimitReached", "timelimitreached"):
        assert CATALOGUE.find(name).code == "433"
    for status, (_, found) in wire.STATUSES.items():
        entry = CATALOGUE.find(found.__name__)
        assert entry.code == str(status) or str(status) in entry.children, status


def test_a_code_is_found_in_any_case_and_a_category_lists_its_children(run_scf):
    found = json.loads(run_scf("explain", "resourcenotfound", "--json").stdout)
    assert found["code"] == "ResourceNotFound"
    assert "ResourceNotFound.Function" in found["children"]
    assert found["executed"] == "no"


def test_an_unknown_code_gets_the_closest_ones(run_scf):
    done = run_scf("explain", "ResourceNotFund.Function")
    assert (done.returncode, done.stdout) == (14, "")
    assert "did you mean ResourceNotFound.Function" in done.stderr
    assert "codes look like" in run_scf("explain", "zzzzzzzzzzzz").stderr


@pytest.mark.parametrize(
    ("code", "fix"),
    [
        ("ResourceNotFound.CosObject", "in the folder of --cos"),
        ("InvalidParameterValue.CosObjectName", "in the folder of --cos"),
        ("ResourceNotFound.Layer", "PublishLayerVersion makes a version"),
        ("ResourceNotFound.LayerVersion", "PublishLayerVersion makes a version"),
    ],
)
def test_what_is_missing_of_code_in_cos_and_of_layers_has_a_fix_of_its_own(code, fix):
    assert fix in CATALOGUE.find(code).fix["en"]
