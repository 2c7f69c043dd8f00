"""The files of the pages: their types, their tags, and nothing beside them."""

import pytest

from tencentserverless.local.dashboard.files import Files, header_lines
from tencentserverless.local.dashboard.sources import Refusal
from tencentserverless.local.http.messages import Request


def get(files, name, *headers):
    return files.answer(name, Request("GET", b"/", list(headers)))


def test_a_file_is_sent_once_and_then_known_by_its_tag(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.js").write_text("1")
    files = Files(tmp_path)
    sent = get(files, "a/b.js")
    assert (sent.status, sent.body) == (200, b"1")
    assert b"Content-Type: text/javascript; charset=utf-8\r\n" in sent.lines
    tag = sent.lines.partition(b"ETag: ")[2].partition(b"\r\n")[0]
    assert get(files, "a/b.js", (b"if-none-match", tag)).status == 304
    assert get(files, "a/b.js", (b"if-none-match", b'"other"')).status == 200


def test_nothing_else_is_a_file_of_the_pages(tmp_path):
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "a.py").write_text("1")
    (tmp_path / "secret.txt").write_text("1")
    files = Files(folder)
    for name in ("a.py", "../secret.txt", "", ".", "/etc/passwd", "a\0.js", "x" * 10_000):
        with pytest.raises(Refusal) as refused:
            get(files, name)
        assert (refused.value.status, refused.value.code) == (404, "not_found")
        assert len(str(refused.value)) < 200


def test_the_modules_are_sent_as_one_script(tmp_path):
    (tmp_path / "app.js").write_text('import { a } from "./a.js";\n')
    (tmp_path / "a.js").write_text("export const a = 1;\n")
    sent = get(Files(tmp_path), "bundle.js")
    assert sent.status == 200
    assert b"Content-Type: text/javascript; charset=utf-8\r\n" in sent.lines
    assert sent.body.endswith(b'const { a } = $module("a.js");\n')


def test_a_name_in_a_header_has_dashes():
    assert header_lines("a/b", X_Some_Thing="1").endswith(b"X-Some-Thing: 1\r\n")
