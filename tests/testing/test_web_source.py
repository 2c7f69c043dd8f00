"""Apps of a test as web functions: which are taken, who serves them, and the words for the others."""

import pytest

WEB = """
    import os

    async def by_hand(scope, receive, send):
        assert scope["type"] == "http"
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": os.environ.get("WORD", scope["path"]).encode()})

    def plain(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [b"plain ", environ["PATH_INFO"].encode()]
"""


@pytest.mark.proof
def test_apps_are_served_by_what_is_installed(run_pytest):
    done = run_pytest(
        web=WEB,
        test_web="""
            from urllib.request import urlopen
            import flask, fastapi
            from web import by_hand, plain

            site = flask.Flask(__name__)
            api = fastapi.FastAPI()

            @site.get("/<word>")
            def tell(word):
                return {"word": word, "id": flask.request.headers["X-Scf-Request-Id"]}

            @api.get("/count")
            async def count():
                return 3

            def read(url):
                with urlopen(url) as answer:
                    return answer.read().decode()

            def test_asgi(scf_local):
                url = scf_local.register_web(by_hand)
                assert read(url + "/path") == url.get("/path").text == "/path"
                assert read(scf_local.register_web(by_hand, environment={"WORD": "given"})) == "given"
                assert read(scf_local.register_web(api, concurrency=4) + "/count") == "3"

            def test_wsgi(scf_local):
                assert read(scf_local.register_web(plain, "other-name") + "/a") == "plain /a"
                assert '"word":"hello"' in read(scf_local.register_web(site) + "/hello")

            def test_nothing_is_left(scf_local):
                assert scf_local._local.status()["functions"] == []
        """,
    )
    assert "3 passed" in done.stdout, done.stdout


#: Hides servers from the kit, as where they are not installed.
HIDING = """
    import importlib.util
    find = importlib.util.find_spec
    importlib.util.find_spec = lambda name, package=None: None if name in {0!r} else find(name, package)
"""
SERVERS = ("uvicorn", "hypercorn", "granian", "waitress")


@pytest.mark.proof
@pytest.mark.parametrize(
    ("server", "app", "expected"),
    [
        ("hypercorn", "by_hand", "/a"),
        ("granian", "by_hand", "/a"),
        ("granian", "plain", "plain /a"),
        ("hypercorn", "plain", "plain /a"),
    ],
)
def test_each_server_serves(run_pytest, server, app, expected):
    pytest.importorskip(server)
    done = run_pytest(
        conftest=HIDING.format([each for each in SERVERS if each != server]),
        web=WEB,
        test_web=f"""
            from urllib.request import urlopen
            import web

            def test_it(scf_local):
                with urlopen(scf_local.register_web(web.{app}) + "/a") as answer:
                    assert answer.read().decode() == {expected!r}
        """,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_without_a_server_the_error_names_them(run_pytest):
    done = run_pytest(
        conftest=HIDING.format(list(SERVERS)),
        web=WEB,
        test_web="""
            import web

            def test_asgi(scf_local):
                scf_local.register_web(web.by_hand)

            def test_wsgi(scf_local):
                scf_local.register_web(web.plain)
        """,
    )
    assert "2 failed" in done.stdout, done.stdout
    for kind, names in (("an ASGI", "uvicorn, hypercorn, granian"), ("a WSGI", "waitress, granian, hypercorn")):
        assert (
            f"register_web() serves {kind} app by {names}, the first one that is installed for the tests" in done.stdout
        )
    assert "run: pip install uvicorn" in done.stdout
    assert "run: pip install waitress" in done.stdout


def test_what_can_not_be_registered(run_pytest):
    done = run_pytest(
        test_web="""
            import pytest
            from tencentserverless.testing import UnfitFunction

            @pytest.mark.parametrize(("app", "words"), [
                (3, "takes an ASGI or WSGI app, not 3"),
                (lambda environ, start_response: [], "is made inside a function, and a worker process can't import it"),
            ])
            def test_unfit(scf_local, app, words):
                with pytest.raises(UnfitFunction) as refusal:
                    scf_local.register_web(app)
                assert words in str(refusal.value)
        """
    )
    assert "2 passed" in done.stdout, done.stdout
