"""The lines that show URLs."""

from tencentserverless.cli.output.url_lines import list_urls, show_url

URL = {
    "function": "ap-guangzhou/default/it",
    "qualifier": "$DEFAULT",
    "url": "http://1-a.ap-guangzhou.localhost:1",
    "local_url": "http://127.0.0.1:2/1-a.ap-guangzhou",
}


def test_a_line_for_each():
    assert list_urls([URL], has_status=True) == [
        "it ($DEFAULT) is at http://1-a.ap-guangzhou.localhost:1 or http://127.0.0.1:2/1-a.ap-guangzhou"
    ]
    assert show_url(URL).startswith("ap-guangzhou/default/it ($DEFAULT) is at http://")
    assert list_urls([], has_status=True) == []


def test_many_are_counted():
    lines = list_urls([URL] * 12, has_status=True)
    assert len(lines) == 11
    assert lines[-1] == "and 2 more URLs: scf local status"


def test_all_are_shown_where_no_command_finds_the_server():
    assert list_urls([URL] * 12, has_status=False) == list_urls([URL], has_status=True) * 12
