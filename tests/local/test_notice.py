"""A notice is its line, and keeps the parts of it."""

from tencentserverless.local.notice import Notice


def test_a_notice_is_its_line_and_keeps_its_parts():
    inner = Notice("no {name}", name="{braces}")
    notice = Notice("warning: {warning}", warning=inner)
    assert notice == "warning: no {braces}"
    assert f"scf: {notice}" == "scf: warning: no {braces}"
    assert (notice.template, notice.values) == ("warning: {warning}", {"warning": inner})
    assert list(dict.fromkeys([notice, "warning: no {braces}"])) == [notice]
    assert notice.values["warning"].template == "no {name}"
