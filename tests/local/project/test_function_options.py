"""Variables and folders of packages: what can't be is refused at the start, with what there is."""

from pathlib import Path

import pytest

from tencentserverless.local.errors import StartupError
from tencentserverless.local.project.function_options import check_names, check_values
from tencentserverless.local.settings import PackageFolder, Settings


def refusal(check, *values, **named):
    with pytest.raises(StartupError) as caught:
        check(*values, **named)
    return str(caught.value)


def test_what_can_be_is_taken(tmp_path):
    settings = Settings(Path(), variables={"order": {"A": "1"}}, packages=(PackageFolder("order", tmp_path),))
    check_values(settings)
    assert check_names(settings, ["order"], may_lack=False) == []


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"1A": "x"}, "the variable '1A' must be letters"),
        ({"SCF_X": "x"}, "the variable 'SCF_X' is reserved"),
        ({"A": "x" * 5000}, "the platform takes 4096"),
    ],
)
def test_a_variable_follows_the_rules_of_the_platform(variables, words):
    told = refusal(check_values, Settings(Path(), variables={"order": variables}))
    assert told.startswith("--variable order: ")
    assert words in told


def test_a_folder_that_is_not_there(tmp_path):
    for name in (".venv", "libs"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").write_text("")

    def told(name):
        return refusal(check_values, Settings(Path(), packages=(PackageFolder("", tmp_path / name),)))

    assert told("lib") == f"--packages: {tmp_path}/lib is not there; the folders in {tmp_path} are: .venv, libs"
    assert told("file").startswith(f"--packages: {tmp_path}/file is no folder; the folders in ")
    assert told("none/lib").endswith(f"{tmp_path}/none is not there either")
    assert told("libs/x").endswith(f"there is no folder in {tmp_path}/libs")
    (tmp_path / ".venv" / "pyvenv.cfg").write_text("")
    assert "is a virtual environment without lib/pythonX.Y/site-packages" in told(".venv")


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"variables": {"ordr": {"A": "1"}}}, "--variable"),
        ({"packages": (PackageFolder("ordr", Path("/")),)}, "--packages"),
    ],
)
def test_a_name_that_is_no_function(settings, option):
    words = f"{option} ordr: no function of that name here; did you mean order?; there are: order, pay"
    assert refusal(check_names, Settings(Path(), **settings), ["pay", "order"], may_lack=False) == words
    assert check_names(Settings(Path(), **settings), ["pay", "order"], may_lack=True) == [words]
