"""The dashboard in a real browser, in both languages: what failed is found, mended, and run again."""

import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tencentserverless.local.control import ask
from tencentserverless.scf import Client
from tests.browser import shop
from tests.browser.conftest import Browser
from tests.conftest import LocalScf, Starter, wait_until

pytestmark = [pytest.mark.proof]

MIB = 1024 * 1024
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
#: What the tests look for, in both languages.
WORDS = {
    "en": {"again": "Run again", "edit": "Edit and run again", "with": "Run with this event", "failed": "failed 430",
           "succeeded": "succeeded", "done": "Run again: it succeeded.", "mark": "again", "overview": "Overview",
           "away": "The server does not answer", "back": "The server has restarted"},
    "zh": {"again": "重新运行", "edit": "编辑后重新运行", "with": "用此事件运行", "failed": "失败 430",
           "succeeded": "成功", "done": "重新运行成功。", "mark": "重新运行", "overview": "概览",
           "away": "服务器没有响应", "back": "服务器已重启"},
}  # fmt: skip
PLACE = "ap-guangzhou/default"
PAGES = {
    "overview": "",
    "invocations": "invocations",
    "web requests": "traces",
    "events": "events",
    "timers": "timers",
    "chaos": "chaos",
    "function": f"functions/{PLACE}/order",
    "live log": f"functions/{PLACE}/order?tab=log",
    "configuration": f"functions/{PLACE}/order?tab=configuration",
    "versions": f"functions/{PLACE}/order?tab=versions",
    "triggers": f"functions/{PLACE}/page?tab=triggers",
    "no such page": "toString",
}
ROWS = "() => Number(document.querySelector('.list [role=table]')?.getAttribute('aria-rowcount')) - 1"
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def quote(text: str) -> str:
    """A text as a selector has it, where JSON's escapes of other letters mean nothing."""
    return json.dumps(text, ensure_ascii=False)


class Dashboard:
    """The pages of a server, in a browser that is signed in."""

    def __init__(self, server: LocalScf, browser: Browser, language: str = "en", **options: object) -> None:
        self.server = server
        self.browser = browser
        self.words = WORDS[language]
        browser.ask("renew", {"locale": LOCALES[language], **options})
        browser.ask("visit", ask(server.env, "POST", "links")[1]["url"])
        browser.ask("see", "main h1")

    def open(self, page: str) -> None:
        """Go to a page by its address."""
        self.browser.ask("run", "page => { location.hash = `#/${page}` }", page)
        self.browser.ask(
            "await_true", "page => location.hash === `#/${page}` && !document.querySelector('[aria-busy]')", page
        )
        self.browser.ask("see", "main h1")

    def see(self, selector: str, text: str | None = None) -> None:
        """Wait for something, with a text in it."""
        self.browser.ask("see", selector if text is None else f"{selector}:has-text({quote(text)})")

    def push(self, selector: str, text: str | None = None) -> None:
        """Click on something, with just this text."""
        self.browser.ask("push", selector if text is None else f"{selector}:text-is({quote(text)})")

    def texts(self, selector: str) -> list[str]:
        """The texts of all that is found."""
        return self.browser.ask("texts", selector)

    def run(self, script: str, argument: object = None) -> Any:
        """The value of JavaScript in the page."""
        return self.browser.ask("run", script, argument)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return shop.write_shop(tmp_path / "shop")


@pytest.fixture
def server(project: Path, start_local_scf: Starter) -> LocalScf:
    return start_local_scf(project)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalScf]:
    """A server on which something of each kind has happened."""
    folder = tmp_path_factory.mktemp("busy")
    with ExitStack() as stack:
        server = Starter(folder, stack)(shop.write_shop(folder / "shop"))
        shop.run_shop(server)
        yield server


@pytest.mark.parametrize("language", LOCALES)
def test_a_failure_is_seen_and_found_and_mended_and_run_again(
    project: Path, server: LocalScf, browser: Browser, language: str
) -> None:
    page = Dashboard(server, browser, language)
    page.open("invocations")
    server.invoke("order", {"item": "cake"})
    page.see(".line .status", page.words["failed"])
    page.push(".line a")
    code = project / "order" / "index.py"
    page.see(".frames a")
    links = page.run("() => [...document.querySelectorAll('.frames a')].map(each => each.getAttribute('href'))")
    assert links[-1] == f"vscode://file{code}:{shop.FAILING_LINE}"
    assert page.texts(".frames code")[-1].strip() == shop.ORDER.splitlines()[shop.FAILING_LINE - 1].strip()
    code.write_text(shop.MENDED)
    wait_until(lambda: "[order] changed; the next call runs it" in server.stderr)
    page.push("button", page.words["again"])
    page.see("[role=status]", page.words["done"])
    page.see("main tbody tr:nth-child(2)")
    runs = page.texts("main tbody tr")
    assert len(runs) == 2
    assert page.words["failed"] in runs[0]
    assert page.words["succeeded"] in runs[1]
    assert page.words["mark"] in runs[1]
    page.open("invocations")
    page.see(".line .mark", page.words["mark"])
    lines = [line for line in page.texts(".list .body .line") if "order" in line]
    assert page.words["mark"] in lines[0]
    assert page.words["failed"] in lines[-1]
    assert browser.ask("said") == []


@pytest.mark.parametrize("language", LOCALES)
def test_an_event_is_edited_and_run_again(server: LocalScf, browser: Browser, language: str) -> None:
    page = Dashboard(server, browser, language)
    request_id = server.invoke("order", {"item": "cake"})["FunctionRequestId"]
    page.open(f"invocations/{PLACE}/order/{request_id}")
    page.push("button", page.words["edit"])
    browser.ask("write", "textarea", '{"item": ')
    page.see("textarea[aria-invalid=true]")
    assert page.run("() => document.querySelector('form button').disabled")
    browser.ask("write", "textarea", '{"item": "tea"}')
    page.push("button", page.words["with"])
    page.see("main tbody tr", page.words["succeeded"])
    page.push("main tbody tr:nth-child(2) a")
    page.see("pre", '"price": 3')
    assert json.loads(page.texts("pre")[-1]) == {"item": "tea"}
    assert request_id in page.texts("main .facts a")
    assert browser.ask("said") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("language", LOCALES)
def test_axe_finds_nothing_on_any_page(busy: LocalScf, browser: Browser, language: str, scheme: str) -> None:
    pytest.importorskip("axe_playwright_python", reason="axe-core is not installed")
    page = Dashboard(busy, browser, language, color_scheme=scheme, reduced_motion="reduce")
    found = {}
    for name, address in PAGES.items():
        page.open(address)
        found[name] = browser.ask("judge")
    page.open("invocations")
    page.push(".line a:has(.status.bad)")
    page.see(".frames")
    found["invocation"] = browser.ask("judge")
    assert {name: violations for name, violations in found.items() if violations} == {}
    assert browser.ask("said") == []


@pytest.mark.parametrize("language", LOCALES)
def test_every_page_fits_a_telephone(busy: LocalScf, browser: Browser, language: str) -> None:
    page = Dashboard(busy, browser, language, viewport={"width": 360, "height": 740})
    over = {}
    for name, address in PAGES.items():
        page.open(address)
        over[name] = page.run(f"() => {OVERFLOW}")
    page.open("invocations")
    page.push(".line a:has(.status.bad)")
    page.see(".frames")
    over["invocation"] = page.run(f"() => {OVERFLOW}")
    assert {name: pixels for name, pixels in over.items() if pixels > 0} == {}


def test_the_language_is_switched_and_stays(busy: LocalScf, browser: Browser) -> None:
    page = Dashboard(busy, browser, "zh")
    page.see("h1", "概览")
    assert page.run("() => document.documentElement.lang") == "zh-CN"
    page.push(".tools button", "English")
    page.see("h1", "Overview")
    page.run("() => location.reload()")
    page.see("h1", "Overview")
    assert page.run("() => document.documentElement.lang") == "en"


def test_what_the_server_noticed_is_told_in_both_languages(
    project: Path, start_local_scf: Starter, browser: Browser
) -> None:
    path = project / "mail" / "serverless.yml"
    path.write_text(path.read_text().replace("retryNum: 1", "region: ap-tokyo"))
    server = start_local_scf(project)
    page = Dashboard(server, browser)
    page.see("main details li")
    english = page.texts("main details li")
    assert "mail is in ap-tokyo: --region ap-tokyo" in english
    page = Dashboard(server, browser, "zh")
    page.see("main details li")
    chinese = page.texts("main details li")
    assert "mail 位于 ap-tokyo\uff1a--region ap-tokyo" in chinese
    assert len(chinese) == len(english)
    assert [line for line in chinese if not re.search("[\u4e00-\u9fff]", line)] == []


#: Says two things, the second when a file is there.
TALKS = """
import os, time

def main_handler(event, context):
    print("brewing", flush=True)
    while not os.path.exists(event["sign"]):
        time.sleep(0.01)
    print("poured", flush=True)
    while not os.path.exists(event["sign"] + ".end"):
        time.sleep(0.01)
"""


def test_the_log_of_a_running_call_comes_by_line(
    project: Path, tmp_path: Path, start_local_scf: Starter, browser: Browser
) -> None:
    (project / "echo" / "index.py").write_text(TALKS)
    server = start_local_scf(project)
    page = Dashboard(server, browser)
    page.open(f"functions/{PLACE}/echo?tab=log")
    sign = tmp_path / "sign"
    request_id = shop.spawn(server, "echo", {"sign": str(sign)})
    page.see(".log section:has-text('running') pre", "brewing")
    assert page.texts(".log pre") == ["brewing\n"]
    sign.touch()
    page.see(".log section:has-text('running') pre", "poured")
    page.open(f"invocations/{PLACE}/echo/{request_id}")
    page.see("main pre", "poured")
    Path(f"{sign}.end").touch()
    page.see("main", "succeeded")
    page.see("main pre", "poured")


def test_what_a_function_gives_is_text(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    request_id = server.invoke("echo", {"html": "<b>bold</b>"})["FunctionRequestId"]
    page.open(f"invocations/{PLACE}/echo/{request_id}")
    page.see("pre", "<img src=x onerror=")
    shown = "\n".join(page.texts("pre"))
    assert "\\x1b[31mred\\x1b[0m <script>document.title = 'printed'</script>" in shown
    assert '"html": "<b>bold</b>"' in shown
    assert page.run("() => document.querySelectorAll('main :is(script, img, b)').length") == 0
    assert page.run("() => document.title") == "Invocation of echo · SCF"
    page.open(f"functions/{PLACE}/echo?tab=log")
    page.see("pre", "\\x1b[31mred")
    assert page.run("() => document.querySelectorAll('main :is(script, img, b)').length") == 0
    assert browser.ask("said") == []


def test_a_result_of_many_megabytes_is_cut_and_can_be_downloaded(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    size = 5 * MIB
    request_id = server.invoke("echo", {"size": size})["FunctionRequestId"]
    page.open(f"invocations/{PLACE}/echo/{request_id}")
    page.see("main p", "Only the beginning is shown")
    assert max(map(len, page.texts("pre"))) <= 64 * 1024
    got = page.run("async () => (await (await fetch(document.querySelector('a[download]').href)).text()).length")
    assert got == size + len('""')


@pytest.mark.parametrize("language", LOCALES)
def test_a_server_that_restarts_is_said_and_the_page_comes_back(
    project: Path, tmp_path: Path, start_local_scf: Starter, browser: Browser, language: str
) -> None:
    first = start_local_scf(project, "--state", tmp_path / "state")
    page = Dashboard(first, browser, language)
    page.open("invocations")
    assert first.stop() == 0
    page.see("[role=alert]", page.words["away"])
    second = start_local_scf(project, "--state", tmp_path / "state", "--port", first.port)
    page.see("[role=status]", page.words["back"])
    browser.ask("see", "[role=alert] p", "detached")
    request_id = second.invoke("order", {"item": "tea"})["FunctionRequestId"]
    page.see(".line", "order")
    # The token of the old server is of no use: the page has a new one.
    page.open(f"invocations/{PLACE}/order/{request_id}")
    page.push("button", page.words["again"])
    page.see("[role=status]", page.words["done"])


def test_the_keyboard_is_enough(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    for item in ("tea", "cake"):
        server.invoke("order", {"item": item})
    page.open("invocations")
    page.see(".list .body .line:nth-child(2)")
    browser.ask("press", "/")
    assert page.run("() => document.activeElement.type") == "search"
    browser.ask("press", "j")
    assert page.run("() => document.activeElement.value") == "j"
    browser.ask("press", "Backspace")
    browser.ask("press", "Escape")
    for key, place in (("j", 0), ("j", 1), ("j", 1), ("k", 0)):
        browser.ask("press", key)
        script = "place => [...document.querySelectorAll('.list .body .line')][place].getAttribute('aria-current')"
        browser.ask("await_true", f"place => ({script})(place) === 'true'", place)
    browser.ask("press", "r")
    page.see("[role=status]", "Run again: it failed. KeyError: 'cake'")
    page.see(".line .mark")
    browser.ask("press", "Enter")
    page.see("h1", "Invocation of order")
    browser.ask("press", "r")
    page.see("main tbody tr:nth-child(3)")


def test_a_search_that_comes_late_does_not_bring_back_a_page_that_was_left(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    server.invoke("order", {"item": "cake"})
    page.open("invocations")
    page.see(".line a")
    late = """() => {
        const field = document.querySelector("input[type=search]");
        const [plain, waiting] = [window.setTimeout, []];
        window.setTimeout = (task) => waiting.push(task);
        field.value = "cake";
        field.dispatchEvent(new InputEvent("input", { bubbles: true }));
        window.setTimeout = plain;
        document.querySelector(".line a").click();
        location.hash = document.querySelector(".line a").hash;
        waiting.forEach((task) => task());
        return waiting.length;
    }"""
    assert page.run(late) == 1
    page.see("h1", "Invocation of order")


def test_ten_thousand_rows_are_reached_and_few_are_in_the_page(server: LocalScf, browser: Browser) -> None:
    with ThreadPoolExecutor(8) as callers:
        ended = callers.map(lambda _: call_many(server, 1300), range(8))
        assert all(ended)
    page = Dashboard(server, browser)
    page.open("invocations")
    page.see(".line a")
    reached = """async () => {
        const box = document.querySelector(".list");
        const table = box.querySelector("[role=table]");
        for (let rows = 0; rows < 10001; rows = Number(table.getAttribute("aria-rowcount"))) {
            box.scrollTop = box.scrollHeight;
            await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return [table.querySelectorAll("[role=row]").length, box.scrollTop];
    }"""
    rows, top = page.run(reached)
    assert rows < 100
    server.invoke("order", {"item": "cake"})
    # A new row on top moves nothing for who looks at the end.
    page.run("() => new Promise((resolve) => setTimeout(resolve, 500))")
    assert page.run("() => document.querySelector('.list').scrollTop") >= top
    page.run("() => { document.querySelector('.list').scrollTop = 0 }")
    page.see(".line", "failed 430")


def test_what_a_flood_of_calls_left_out_is_there_when_it_is_over(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open("invocations")
    page.see("main p")  # nothing yet
    with ThreadPoolExecutor(8) as callers:
        assert all(callers.map(lambda _: call_many(server, 150), range(8)))
    # The stream gives the newest of each batch: only a page that asks has the 200 newest calls.
    browser.ask("await_true", f"() => ({ROWS})() === 200")
    assert call_many(server, 1)
    browser.ask("await_true", f"() => ({ROWS})() === 201")


def call_many(server: LocalScf, count: int) -> bool:
    """Call a function, one call after the other on one connection."""
    options = {"endpoint": server.url, "secret_id": server.env["TENCENTCLOUD_SECRETID"]}
    with Client(secret_key=server.env["TENCENTCLOUD_SECRETKEY"], **options) as client:
        return all(client.invoke("order", data={"item": "tea"}) for _ in range(count))


@pytest.mark.parametrize("text", ["failed", "cake"])
def test_invocations_are_found_by_status_and_by_text(busy: LocalScf, browser: Browser, text: str) -> None:
    page = Dashboard(busy, browser)
    query = "status=failed" if text == "failed" else f"text={text}"
    page.open(f"invocations?function=order&{query}")
    page.see(".line", "failed 430")
    assert len(page.texts(".list .body .line")) == 1
    page.open("invocations?function=nothing")
    page.see("main p", "No invocation fits.")


def test_a_function_is_invoked_with_a_sample_event(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open(f"functions/{PLACE}/report")
    browser.ask("choose", "label:has-text('Sample event') select", "timer")
    browser.ask("await_true", "() => document.querySelector('textarea').value.includes('TriggerName')")
    page.push("form button", "Invoke")
    page.see("section[role=status] pre", '"orders": 12')
    browser.ask("write", "textarea", "{not json")
    page.see("p.bad", "Not JSON: line 1, column 2.")


def test_a_call_that_is_only_accepted_is_said_to_be(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open(f"functions/{PLACE}/video")
    page.push("form button", "Invoke")
    page.see("p[role=status]", "Accepted:")
    page.open(f"functions/{PLACE}/order")
    browser.ask("write", "textarea", '{"item": "cake"}')
    page.push("form button", "Invoke")
    page.see("section[role=status] .status", "failed 430")


def test_a_list_that_is_searched_keeps_its_rows_when_more_come(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    with ThreadPoolExecutor(4) as callers:
        list(callers.map(lambda number: server.invoke("order", {"item": "tea", "number": number}), range(230)))
    page.open("invocations?text=tea")
    page.see(".line a")
    page.run("() => { const box = document.querySelector('.list'); box.scrollTop = box.scrollHeight }")
    browser.ask("await_true", f"() => ({ROWS})() === 230")
    server.invoke("order", {"item": "tea"})
    browser.ask("await_true", f"() => ({ROWS})() === 231")


def test_a_secret_of_the_environment_is_covered(busy: LocalScf, browser: Browser) -> None:
    page = Dashboard(busy, browser)
    page.open(f"functions/{PLACE}/order?tab=configuration")
    page.see("td", "PAYMENT_SECRET")
    assert "not-for-the-page" not in page.run("() => document.body.innerText")
    page.see("td", "CNY")


def test_events_are_sent_again_and_terminated(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    shop.spawn(server, "letter", {"to": "bob@example.com"})
    shop.spawn(server, "mail", {"to": "ada@example.com"})
    shop.spawn(server, "video", {"file": "holiday.mp4"})
    page.open("events")
    page.see("td", "waits for its retry")
    page.push("td button", "Terminate")
    page.see("[role=status]", "Terminated.")
    page.see("td button", "Send again")
    page.push("td button", "Send again")
    page.see("[role=status]", "Sent again.")
    wait_until(lambda: len(ask(server.env, "GET", "dead-letters")[1]["letters"]) == 2)


def test_a_timer_is_run_now_and_switched_off(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open("timers")
    page.see("td", "every-morning")
    page.push("td button", "Run now")
    page.push("p[role=status] a")
    page.see("pre", '"orders": 12')
    page.open("timers")
    page.push("td button", "Switch off")
    page.see("td button", "Switch on")


def test_a_fault_is_made_and_ended_and_counted(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open("chaos")
    browser.ask("choose", "label:has-text('Kind') select", "throttle")
    browser.ask("write", "label:has-text('Function') input", "ord*")
    page.push("button", "Make the rule")
    page.see("td", "throttle")
    for _ in range(3):
        server.invoke("order", {"item": "tea"})
    page.see("tr:has-text('ord*') td:nth-child(4)", "3")
    page.see("tr:has-text('ord*') td:nth-child(5)", "1")
    page.push("td button", "End")
    page.see("main p", "No rule: no call fails on purpose.")


def test_what_ran_twice_is_red_in_the_ledger(project: Path, start_local_scf: Starter, browser: Browser) -> None:
    server = start_local_scf(project, "--time-scale", 120)
    page = Dashboard(server, browser)
    page.open("chaos")
    page.push("button", "Switch on")
    page.see("main p", "Every run is counted.")
    server.invoke("order", {"item": "tea"})
    shop.spawn(server, "mail", {"to": "ada@example.com"})
    page.see("tr.twice", "2 times")
    page.see("main strong.bad", "Ran twice or more: 1.")
    assert len(page.texts("main tbody tr")) == 2
    colour = "() => getComputedStyle(document.querySelector('tr.twice strong')).color"
    red, green, blue = map(int, re.findall(r"\d+", page.run(colour)))
    assert red > 2 * max(green, blue)


def test_requests_by_a_url_are_shown(busy: LocalScf, browser: Browser) -> None:
    page = Dashboard(busy, browser)
    page.open("traces")
    page.see(".line", "/prices?page=2")
    page.see(".line", "503")
    page.see(".line:has-text('/orders?live=1')", "server-sent events")
    page.push(".line:has-text('503') a")
    page.see("code", "GET")


def test_a_page_out_of_sight_gives_its_connection_back(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.open("invocations")
    turn = """isHidden => {
        Object.defineProperty(document, "hidden", {configurable: true, value: isHidden});
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    page.run(turn, True)
    server.invoke("order", {"item": "tea"})
    # What a page that follows would have shown by now.
    page.run("() => new Promise((resolve) => setTimeout(resolve, 1500))")
    assert page.texts(".list .body .line") == []
    page.run(turn, False)
    page.see(".line", "order")


def test_a_chart_is_drawn_under_the_policy_of_the_pages(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    drawn = """async () => {
        const { Chart } = await import("/_local/static/parts/chart.js");
        const { html, render } = await import("/_local/static/core/html.js");
        const points = [[1e9, 1e9 + 60, 1e9 + 120], [1, 2, 3], [4, 5, 6]];
        const place = document.querySelector("main").appendChild(document.createElement("div"));
        render(html`<${Chart} label="durations" series=${["p50", "p95"]} points=${points} />`, place);
    }"""
    page.run(drawn)
    page.see(".chart canvas")
    page.see(".chart .u-legend", "p95")
    assert browser.ask("said") == []


def test_who_signs_out_is_out(server: LocalScf, browser: Browser) -> None:
    page = Dashboard(server, browser)
    page.push(".tools button", "Sign out")
    browser.ask("await_true", "() => document.body.innerText.includes('scf local open')")


def test_a_function_that_appears_and_its_calls_are_shown_without_a_reload(
    project: Path, server: LocalScf, browser: Browser
) -> None:
    page = Dashboard(server, browser)
    page.see(".line", "order")
    server.invoke("order", {"item": "cake"})
    page.see(".line:has-text('order') .status", "failed 430")
    place = project / "stock"
    place.mkdir()
    (place / "index.py").write_text("def main_handler(event, context):\n    return 7\n")
    page.see(".line", "stock")
