"""What a return value stands for."""

import json

import pytest

from tencentserverless.local.web.function_answers import is_plain, read_answer

ID_LINE = b"X-Scf-Request-Id: id-1\r\n"


def read(value, lines=b"", **named):
    text = value if isinstance(value, str) else json.dumps(value)
    return read_answer(text, "id-1", lines, **named)


@pytest.mark.parametrize("text", ['"hello"', "12", "null", "[1, 2]", '{"a": 1}', '{"a": {"statusCode": 1}}', "no json"])
def test_other_json_is_sent_as_it_is(text):
    answer, advice = read(text)
    assert (answer.status, answer.body, advice) == (200, text.encode(), "")
    assert answer.lines == b"Content-Type: application/json\r\n" + ID_LINE


def test_an_integration_answer():
    headers = {"Content-Type": "text/plain", "X-Number": 7, "X-Flag": True, "Set-Cookie": ["a=1", "b=2"]}
    several = {"X-More": ["1", "2"]}
    answer, advice = read(
        {"statusCode": 418, "headers": headers, "multiValueHeaders": several, "body": "tea ü"}, b"X-Own: 1\r\n"
    )
    assert (answer.status, answer.body, advice) == (418, "tea ü".encode(), "")
    assert answer.lines == (
        b"Content-Type: text/plain\r\nX-Number: 7\r\nX-Flag: true\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
        b"X-More: 1\r\nX-More: 2\r\n" + ID_LINE + b"X-Own: 1\r\n"
    )


@pytest.mark.parametrize("blanks", ["\n", " \t\r\n"])
def test_blanks_before_an_integration_answer(blanks):
    text = blanks + json.dumps({"statusCode": 418, "body": "tea"}, indent=2)
    assert not is_plain(text)
    assert read(text)[0][:2] == (418, b"tea")
    assert is_plain(blanks + '"statusCode"')


def test_what_an_answer_leaves_out():
    answer, advice = read({"statusCode": 201})
    assert (answer.status, answer.body, advice) == (201, b"", "")
    assert answer.lines == b"Content-Type: application/json\r\n" + ID_LINE
    answer, _ = read({"statusCode": 204, "body": "lost"})
    assert (answer.body, answer.lines) == (b"", ID_LINE)
    assert read({"statusCode": 599})[0].reason == "status code 599"


def test_base64_is_decoded():
    assert read({"statusCode": 200, "isBase64Encoded": True, "body": "/wA="})[0].body == b"\xff\0"
    answer, advice = read({"statusCode": 200, "isBase64Encoded": True, "body": "no!"})
    assert answer.body == b"no!"
    assert "no base64" in advice


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"statusCode": "200"}, "statusCode must be a number from 200 to 599, not '200'"),
        ({"statusCode": True}, "not True"),
        ({"statusCode": 101}, "not 101"),
        ({"statusCode": 600}, "not 600"),
        ({"statusCode": 200, "headers": []}, "headers must be an object"),
        ({"statusCode": 200, "multiValueHeaders": 1}, "multiValueHeaders must be an object"),
    ],
)
def test_an_answer_that_is_none_is_sent_as_json_and_told(value, words):
    answer, advice = read(value)
    assert (answer.status, json.loads(answer.body)) == (200, value)
    assert words in advice
    assert 'return {"statusCode": 200' in advice


def test_a_body_that_is_no_text_is_sent_as_json_and_told():
    answer, advice = read({"statusCode": 200, "body": {"a": "ü"}})
    assert answer.body == '{"a":"ü"}'.encode()
    assert "json.dumps" in advice


@pytest.mark.parametrize(
    "headers",
    [
        {"X-A": "1\r\nSet-Cookie: evil=1"},
        {"X-A": "1\nX-B: 2"},
        {"X-A\r\nX-B": "1"},
        {"X A": "1"},
        {"": "1"},
        {"X-A": None},
        {"X-A": {"b": 1}},
        {"X-A": "\0"},
        {"X-Ä": "1"},
    ],
)
def test_a_header_that_is_none_is_left_out_and_told(headers):
    answer, advice = read({"statusCode": 200, "headers": headers, "body": ""})
    assert answer.lines == b"Content-Type: application/json\r\n" + ID_LINE
    assert "a header that is none" in advice


@pytest.mark.parametrize("name", ["Content-Length", "transfer-encoding", "Connection", "Date", "X-Scf-Request-Id"])
def test_headers_that_the_connection_sets_are_not_the_functions(name):
    answer, advice = read({"statusCode": 200, "headers": {name: "1"}, "body": ""})
    assert (answer.lines, advice) == (b"Content-Type: application/json\r\n" + ID_LINE, "")


def test_the_functions_headers_for_pages_of_others_give_way_to_the_urls():
    headers = {"Access-Control-Allow-Origin": "https://mine.example", "Content-Type": "a/b"}
    assert b"mine.example" in read({"statusCode": 200, "headers": headers})[0].lines
    lines = read({"statusCode": 200, "headers": headers}, b"Access-Control-Allow-Origin: *\r\n")[0].lines
    assert lines == b"Content-Type: a/b\r\n" + ID_LINE + b"Access-Control-Allow-Origin: *\r\n"


def test_html_and_answers_that_are_asked_for_are_told():
    assert "returned HTML without a statusCode" in read('"<p>hi</p>"').advice
    assert "returned no statusCode" in read({"a": 1}, is_asked=True).advice
    assert read({"statusCode": 200}, is_asked=True).advice == ""


def test_what_is_plain():
    assert is_plain('{"a": 1}')
    assert is_plain('"statusCode"')
    assert not is_plain('{"statusCode": 200}')
    assert not is_plain('"<p>"')
