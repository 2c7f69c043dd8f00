"""The pages that are made from data are those of today's data."""

import json
import re
from pathlib import Path

import pytest

from tencentserverless.cli.reference.error_catalogue import Catalogue
from tools.website import error_pages, generated
from tools.website.findings_page import FindingError, read_finding

ROOT = Path(__file__).resolve().parents[3]
GOOD = """#!/bin/sh
# package 1.0; Python 3.11
#
# It does *this*,
# and that.
#
# Seen 2026-11-30, on Linux:
#   out
#     in
set -eu
"""


def test_each_page_is_that_of_its_data() -> None:
    pages = dict(generated.render_all(ROOT))
    assert pages
    for name, text in pages.items():
        assert (ROOT / name).read_text(encoding="utf-8") == text, f"{name}: run python -m tools.website.generated"


def test_a_page_that_differs_or_has_no_data_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(generated, "ROOT", tmp_path)
    monkeypatch.setattr(generated, "render_all", lambda root: [("docs/reference/errors/A.md", "new")])
    (tmp_path / "docs/reference/errors").mkdir(parents=True)
    (tmp_path / "docs/reference/errors/Old.md").touch()
    assert generated.main(["--check"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "docs/reference/errors/Old.md:1: no data makes this page; delete it",
        "docs/reference/errors/A.md:1: differs from its data; write it anew: python -m tools.website.generated",
    ]
    (tmp_path / "docs/reference/errors/Old.md").unlink()
    assert [generated.main([]), generated.main(["--check"])] == [0, 0]


def test_a_finding_has_its_parts() -> None:
    finding = read_finding("findings/a_b.sh", GOOD)
    assert finding.title == "A b"
    assert finding.packages == "package 1.0; Python 3.11"
    assert finding.paragraphs == ["It does *this*, and that."]
    assert (finding.seen, finding.where, finding.output) == ("2026-11-30", "on Linux", ["out", "  in"])


@pytest.mark.parametrize("text", ["set -eu\n", GOOD.replace("Seen", "Saw"), GOOD.replace("#   out\n#     in\n", "")])
def test_a_finding_without_a_part_is_named(text: str) -> None:
    with pytest.raises(FindingError, match=r"^findings/a_b\.sh:\d+: "):
        read_finding("findings/a_b.sh", text)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_code_is_explained_once_in_the_pages(language: str) -> None:
    text = "\n".join(error_pages.render(name, language) for name in error_pages.read_pages())
    explained = re.findall(r"^(?:## |\| `)([\w.-]+)", text, re.MULTILINE)
    data = json.loads(error_pages.CATALOGUE.read_text(encoding="utf-8"))
    names = [name for name, entry in data["names"].items() if "alias" not in entry]
    assert sorted(code for code in explained if code not in {"Other", "其他错误码"}) == sorted(
        [*data["entries"], *names]
    )


def test_a_code_is_explained_in_both_languages() -> None:
    english, chinese = (error_pages.render("statuses", language) for language in ("en", "zh"))
    entry = Catalogue().find("433")
    assert entry is not None
    for text, language in ((english, "en"), (chinese, "zh")):
        section = text.partition("## 433 TimeLimitReached\n")[2].partition("\n## ")[0]
        assert entry.cause[language] in section
        assert entry.fix[language] in section
        assert "`FunctionTimeout`" in section


def test_signs_of_markdown_in_the_data_stay_signs() -> None:
    assert error_pages._escape("a_b <c> *d* |e| `f`") == r"a\_b \<c\> \*d\* \|e\| \`f\`"


#: The codes of the API that users meet most: those of calls, of keys, and of the first deployment.
MOST_MET = """
AuthFailure.InvalidAuthorization AuthFailure.SecretIdNotFound AuthFailure.SignatureExpire AuthFailure.SignatureFailure
AuthFailure.TokenFailure FailedOperation.FunctionStatusError FailedOperation.InvokeFunction
FailedOperation.UpdateFunctionCode InternalError InternalError.System InvalidParameter.FunctionName
InvalidParameter.RequestTooLarge InvalidParameterValue.ClientContext InvalidParameterValue.Environment
InvalidParameterValue.EnvironmentExceededLimit InvalidParameterValue.EnvironmentSystemProtect
InvalidParameterValue.FunctionName InvalidParameterValue.Handler InvalidParameterValue.Memory
InvalidParameterValue.Param InvalidParameterValue.Runtime InvalidParameterValue.ZipFile LimitExceeded.Function
LimitExceeded.FunctionVersions LimitExceeded.Quota RequestLimitExceeded RequestLimitExceeded.UinLimitExceeded
ResourceInUse.Function ResourceInUse.FunctionName ResourceNotFound.Alias ResourceNotFound.Function
ResourceNotFound.FunctionName ResourceNotFound.FunctionVersion ResourceNotFound.Namespace ResourceNotFound.Qualifier
ResourceNotFound.Trigger ResourceUnavailable.InsufficientBalance ResourceUnavailable.ServiceSuspended
UnauthorizedOperation.CAM UnauthorizedOperation.Role
""".split()


def test_the_codes_that_users_meet_most_have_a_cause_and_a_fix_of_their_own() -> None:
    data = json.loads(error_pages.CATALOGUE.read_text(encoding="utf-8"))
    entries, families = data["entries"], data["families"]
    assert len(MOST_MET) == 40
    statuses = [code for code in entries if code.isdigit()]
    causes = []
    for code in (*MOST_MET, *statuses):
        entry, family = entries[code], families.get(code.partition(".")[0], {})
        for part in ("cause", "fix"):
            for language in ("en", "zh"):
                assert entry[part][language] != family.get(part, {}).get(language), code
        causes.append(entry["cause"]["en"])
    assert len(set(causes)) == len(causes)
