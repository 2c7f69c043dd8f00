"""The reader's language: who reads Chinese, and what becomes of a text with values."""

import io
import json

import pytest

from tencentserverless.cli.output.translation import Texts, is_chinese, translate

VARIABLES = ("LC_ALL", "LC_MESSAGES", "LANG")


@pytest.fixture
def locale(monkeypatch: pytest.MonkeyPatch):
    def change(**variables: str) -> None:
        for name in VARIABLES:
            monkeypatch.delenv(name, raising=False)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return change


@pytest.mark.parametrize(
    ("variables", "chinese"),
    [
        ({}, False),
        ({"LANG": "zh_CN.UTF-8"}, True),
        ({"LANG": "zh_TW"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_MESSAGES": "en_US.UTF-8"}, False),
        ({"LANG": "en_US.UTF-8", "LC_MESSAGES": "zh_CN"}, True),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, False),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, True),
        ({"LANG": "de_DE.UTF-8"}, False),
    ],
)
def test_the_first_variable_that_is_set_decides(locale, variables: dict, chinese: bool) -> None:
    locale(**variables)
    assert is_chinese() is chinese


def test_a_stream_without_chinese_letters_gets_english(locale) -> None:
    locale(LANG="zh_CN")
    for encoding, chinese in (("utf-8", True), ("gbk", True), ("ascii", False), ("latin-1", False)):
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        assert is_chinese(stream) is chinese
        assert (translate("nothing was changed", stream) == "nothing was changed") is not chinese


TEXTS = Texts(
    {
        "no function {0}; {1}": "没有函数 {0}；{1}",
        "in {0} there are: {1}": "{0}中有：{1}",
        "the cloud": "云端",
        "{0}: {1}": "{0}：{1}",
        "{0}: {1}: {2}; run: {3}": "{0}：{1}：{2}；运行：{3}",
        "{0}; run: {1}": "{0}；运行：{1}",
        "tried: {0}": "已查找：{0}",
        "{0} of {1}": "{1} 的 {0}",
    }
)


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("the cloud", "云端"),
        ("no function 'a'; in the cloud there are: b, c", "没有函数 'a'；云端中有：b, c"),
        ("version 1 of f", "f 的 version 1"),
        ("Code: tried: a; run: x", "Code：已查找：a；运行：x"),
        ("something else", "something else"),
        ("/a: b", "/a: b"),
        ("name: the cloud", "name：云端"),
        ("no function", "no function"),
        ("", ""),
    ],
)
def test_a_text_is_translated_with_its_values(english: str, chinese: str) -> None:
    assert TEXTS.translate(english) == chinese


def test_a_text_is_no_longer_than_a_message(locale) -> None:
    locale(LANG="zh_CN.UTF-8")
    long = "nothing was changed\n" * 1000
    assert translate(long) == long
    assert translate("nothing was changed\n  nothing was changed\n\n") == "没有任何更改\n  没有任何更改\n\n"


def test_a_line_about_a_file_is_translated_behind_its_place(locale) -> None:
    locale(LANG="zh_CN.UTF-8")
    place = "tick/serverless.yml:12: inputs.memorySzie"
    assert translate(f"{place} is no key of component scf, and is ignored; did you mean memorySize?") == (
        f"{place} 不是 component scf 的键，已忽略；您是否要找 memorySize？"
    )
    assert translate("/a b/serverless.yml:3: inputs.timeout must be 1 to 900 seconds, not 0") == (
        "/a b/serverless.yml:3: inputs.timeout 必须是 1 到 900 秒，而不是 0"
    )


def test_errors_are_chinese_and_json_is_not(run_scf) -> None:
    done = run_scf("invoke", "f", "--wait", "--json", env={"LC_ALL": "zh_CN.UTF-8"})
    assert done.stderr.startswith("scf：错误： --wait 需要 --async")
    assert json.loads(done.stdout)["error"]["message"].startswith("--wait needs --async")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["zzz"], "scf 没有命令 'zzz'；可用的有："),
        (["explain"], "缺少参数 'CODE'。"),
        (["explain", "a", "b"], "多余的参数（b）"),
        (["explain", "a", "--nope"], "没有选项"),
        (["explain", "a", "--lang"], "选项 '--lang' 需要一个值。"),
        (["explain", "a", "--lang", "fr"], "的值无效：'fr' 不在可选值 'en', 'zh', 'both' 之中。"),
        (["logs", "f", "-n", "x"], "的值无效：'x' 不是整数。"),
        (["logs", "f", "-n", "0"], "的值无效：0 不在范围 1<=x<=1000 内。"),
        (["invoke", "f", "--timeout", "x"], "的值无效：'x' 不是数字。"),
        (["invoke", "f", "--json=x"], "不带值。"),
        (["invoke", "f"], "没有找到密钥。"),
        (["local", "status", "--state", "/nowhere"], "没有运行中的本地 SCF"),
    ],
)
def test_the_words_of_click_and_of_the_sdk_are_chinese_too(run_scf, tmp_path, words: list, said: str) -> None:
    env = {"LC_ALL": "zh_CN.UTF-8", "HOME": str(tmp_path)}
    done = run_scf(*words, env=env, cwd=tmp_path)
    assert said in done.stderr
    assert done.returncode != 0


@pytest.mark.parametrize(
    ("english", "chinese"),
    [
        ("default: .scf/ beside PATH's functions", "默认：函数目录 PATH 下的 .scf/"),
        ("env var: TENCENTSERVERLESS_ISOLATION", "环境变量：TENCENTSERVERLESS_ISOLATION"),
        (
            "--pace-seconds is how long states last at the cloud's pace: give --pace cloud too",
            "--pace-seconds 设置 --pace cloud 下各状态持续的时间：请同时给出 --pace cloud",
        ),
        (
            "deleted a in namespace default of ap-guangzhou (local SCF)",
            "已在 ap-guangzhou 的命名空间 default（本地 SCF）中删除 a",
        ),
        (
            "no local SCF runs from /a or a folder above; 2 run elsewhere: /b, /c; choose with --state or --env-file",
            "/a 及其上级目录没有运行中的本地 SCF；其他位置有 2 个：/b, /c；请用 --state 或 --env-file 选择",
        ),
    ],
)
def test_what_a_user_types_stays_as_it_is_in_chinese(locale, english: str, chinese: str) -> None:
    locale(LANG="zh_CN.UTF-8")
    assert translate(english) == chinese
