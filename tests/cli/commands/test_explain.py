"""``scf explain``: every code, in both languages, with the verdict that the SDK gives it."""

import json

from tencentcloud.scf.v20180416 import errorcodes

from tencentserverless._core import wire
from tencentserverless.cli.reference.error_catalogue import LANGUAGES, Catalogue

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
    done = run_scf("explain", "432")
    assert done.returncode == 0
    assert done.stdout.startswith("432 ResourceLimitReached\n  meaning: no instance is free")
    assert "  did it run: no" in done.stdout
    assert "  含义: " in done.stdout
    assert "含义" not in run_scf("explain", "432", "--language", "en").stdout


def test_a_code_is_found_in_any_case_and_a_category_lists_its_children(run_scf):
    found = json.loads(run_scf("explain", "resourcenotfound", "--json").stdout)
    assert found["code"] == "ResourceNotFound"
    assert "ResourceNotFound.Function" in found["children"]
    assert found["executed"] == "no"


def test_an_unknown_code_gets_the_closest_ones(run_scf):
    done = run_scf("explain", "ResourceNotFund.Function")
    assert (done.returncode, done.stdout) == (1, "")
    assert "did you mean ResourceNotFound.Function" in done.stderr
    assert "codes look like" in run_scf("explain", "zzzzzzzzzzzz").stderr
