"""The few pages that need no session: how to sign in, and a step that brings a browser's cookie along."""

from tencentserverless.local.dashboard.files import header_lines
from tencentserverless.local.dashboard.sign_in import HOW_TO_SIGN_IN
from tencentserverless.local.http.messages import Answer

HOME = "/_local/"
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>SCF local</title>{head}</head>
<body><h1>SCF local</h1>{body}</body></html>
"""
_CHINESE = {
    "not_signed_in": "此浏览器尚未登录。",
    "link": "此链接已用过，或已超过两分钟，或不属于此服务。",
    "tls": "只有使用 TLS 时，其他机器才能打开此页：启动时请加 --tls。",
    "host": "请求的 Host 不属于此服务。",
}
_HINT = f"<p>In a terminal, {HOW_TO_SIGN_IN}</p><p lang=zh>请在终端运行：scf local open</p>"


def refusal_page(code: str, words: str) -> Answer:
    """Return a page that says why a browser may not come in, and how it may."""
    import html  # its table of characters takes a while to load, and who is let in needs none of it

    chinese = f"<p lang=zh>{_CHINESE.get(code, '')}</p>"
    body = f"<p>{html.escape(words)}</p>{chinese}{_HINT}"
    text = _PAGE.format(head="", body=body)
    return Answer(403, text.encode("utf-8"), header_lines("text/html; charset=utf-8"))


def bounce_page() -> Answer:
    """Return a page that opens the dashboard at once.

    A browser that follows a link of another site leaves a cookie of SameSite=Strict behind; from a page of this server
    it brings it along.
    """
    head = f'<meta http-equiv="refresh" content="0;url={HOME}">'
    text = _PAGE.format(head=head, body=f'<p><a href="{HOME}">SCF local</a></p>')
    return Answer(200, text.encode("utf-8"), header_lines("text/html; charset=utf-8"))


def entry(cookie: str) -> Answer:
    """Return the answer to a link: a cookie, and the way to the dashboard, whose address has no key."""
    lines = header_lines("text/plain; charset=utf-8", Location=HOME, Set_Cookie=cookie)
    return Answer(303, b"", lines)
