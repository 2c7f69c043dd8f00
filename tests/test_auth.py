"""The signers of function URLs, each in its library, against a server that judges signatures by itself."""

import copy
import io
import pickle
import ssl
import subprocess
import sys
import threading
from urllib.parse import quote

import pytest

from tencentserverless import auth
from tencentserverless.auth import AiohttpMiddleware, Httpx2Auth, HttpxAuth, RequestsAuth
from tencentserverless.exception import CredentialError
from tencentserverless.models import Verdict
from tests.cam_door import PREFIX, SECRET_ID, SECRET_KEY, UIN, Door
from tests.proof.campaign import run_on_new_loop
from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterator

KEYS = {"secret_id": SECRET_ID, "secret_key": SECRET_KEY}
GIVEN = dict(KEYS, uin=UIN)
BIG = b"x" * 600000
#: For a client of httpx, which without a context reads all certificates of this machine, and uses none of them here.
PLAIN = {"trust_env": False, "timeout": 20, "verify": ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)}
#: What every library takes as a body, by the name of the keyword argument.
BODIES: "dict[str, Callable[[], dict[str, Any]]]" = {
    "none": dict,
    "json": lambda: {"json": {"a": "ü"}},
    "form": lambda: {"data": {"a": "b", "c": "ü"}},
    "bytes": lambda: {"content": b"xx"},
    "text": lambda: {"content": "größe"},
    "file": lambda: {"content": io.BytesIO(BIG)},
    "multipart": lambda: {"files": {"f": b"x" * 5000}},
    "own content type": lambda: {"content": b"<a/>", "headers": {"Content-Type": "Text/XML; Charset=UTF-8"}},
    "own host": lambda: {"headers": {"Host": "1250000000-abc.ap-guangzhou.tencentscf.com"}},
}


@pytest.fixture
def door() -> "Iterator[Door]":
    door = Door()
    yield door
    door.close()


@pytest.fixture
def elsewhere() -> "Iterator[Door]":
    door = Door()
    door.is_open = True
    yield door
    door.close()


class Answer:
    def __init__(self, status: int, history: int) -> None:
        self.status = status
        self.history = history


def send_by_requests(url: str, method: str, body: "dict[str, Any]", **options: "Any") -> Answer:
    requests = pytest.importorskip("requests")
    body = {"data" if name == "content" else name: value for name, value in body.items()}
    with requests.Session() as session:
        session.trust_env = False
        answer = session.request(method, url, auth=options["auth"], timeout=20, **body)
        return Answer(answer.status_code, len(answer.history))


def send_by_httpx(name: str, url: str, method: str, body: "dict[str, Any]", **options: "Any") -> Answer:
    library = pytest.importorskip(name)
    with library.Client(auth=options["auth"], follow_redirects=True, **PLAIN) as client:
        answer = client.request(method, url, **body)
        return Answer(answer.status_code, len(answer.history))


def send_by_async_httpx(name: str, url: str, method: str, body: "dict[str, Any]", **options: "Any") -> Answer:
    library = pytest.importorskip(name)
    if hasattr(body.get("content"), "read"):
        body["content"] = generate(body["content"].read())

    async def send() -> Answer:
        given = dict(PLAIN, follow_redirects=True)
        async with library.AsyncClient(auth=options["auth"], **given) as client:
            answer = await client.request(method, url, **body)
            return Answer(answer.status_code, len(answer.history))

    return run_on_new_loop(send())


async def generate(data: bytes) -> "Any":
    yield data[:5]
    yield data[5:]


def send_by_aiohttp(url: str, method: str, body: "dict[str, Any]", **options: "Any") -> Answer:
    aiohttp = pytest.importorskip("aiohttp", minversion="3.12")

    async def send() -> Answer:
        given = {"data" if name == "content" else name: value for name, value in body.items()}
        if "files" in given:
            given["data"] = aiohttp.FormData()
            given["data"].add_field("f", given.pop("files")["f"], filename="a.txt")
        async with aiohttp.ClientSession(middlewares=[options["auth"]]) as session:
            answer = await session.request(method, url, **given)
            await answer.read()
            return Answer(answer.status, len(answer.history))

    return run_on_new_loop(send())


LIBRARIES: "dict[str, tuple[Any, Any]]" = {
    "requests": (RequestsAuth, send_by_requests),
    "httpx": (HttpxAuth, lambda *args, **options: send_by_httpx("httpx", *args, **options)),
    "httpx, async": (HttpxAuth, lambda *args, **options: send_by_async_httpx("httpx", *args, **options)),
    "httpx2": (Httpx2Auth, lambda *args, **options: send_by_httpx("httpx2", *args, **options)),
    "httpx2, async": (Httpx2Auth, lambda *args, **options: send_by_async_httpx("httpx2", *args, **options)),
    "aiohttp": (AiohttpMiddleware, send_by_aiohttp),
}


@pytest.fixture(params=sorted(LIBRARIES))
def library(request: pytest.FixtureRequest) -> "Any":
    """The signer of a library, and a function that sends a request by it."""
    make, send = LIBRARIES[request.param]
    pytest.importorskip(request.param.partition(",")[0])
    return make, send


@pytest.mark.parametrize("kind", sorted(BODIES))
def test_every_body_is_signed_as_it_is_sent(kind: str, library: "Any", door: Door) -> None:
    make, send = library
    method = "GET" if kind == "none" else "POST"
    answer = send(door.url + "/p q?x=1&y=ü", method, BODIES[kind](), auth=make(door.url, **GIVEN))
    (knock,) = door.knocks
    assert answer.status == 200, knock.headers
    assert knock.is_signed()
    if kind == "file":
        assert knock.body == BIG
    if kind == "text":
        assert knock.body == "größe".encode()
    if kind == "own content type":
        assert knock.headers["content-type"] == "Text/XML; Charset=UTF-8"


def test_path_and_query_are_signed_on_demand(library: "Any", door: Door) -> None:
    make, send = library
    door.signs_path = True
    url = door.url + "/p%20q?x=1&y=%C3%BC"
    assert send(url, "POST", {"content": b"x"}, auth=make(door.url, **GIVEN)).status == 401
    assert send(url, "POST", {"content": b"x"}, auth=make(door.url, signs_path=True, **GIVEN)).status == 200
    assert send(door.url, "GET", {}, auth=make(door.url, signs_path=True, **GIVEN)).status == 200


@pytest.mark.parametrize(("method", "status"), [("GET", 302), ("POST", 307), ("POST", 303)])
@pytest.mark.parametrize("signs_path", [False, True])
def test_redirect_within_the_url(method: str, status: int, signs_path: bool, library: "Any", door: Door) -> None:
    make, send = library
    door.signs_path = signs_path
    body = {} if method == "GET" else {"content": io.BytesIO(b"order")}
    url = "{}/redirect?status={}&to=/there?a=b".format(door.url, status)
    answer = send(url, method, body, auth=make(door.url, signs_path=signs_path, **GIVEN))
    assert answer.status == 200
    assert door.knocks[-1].target == "/there?a=b"
    assert door.knocks[-1].body == (b"order" if status == 307 else b"")
    assert len(door.knocks) <= 3


@pytest.mark.parametrize("status", [302, 307])
def test_redirect_elsewhere_has_nothing_of_the_signature(
    status: int, library: "Any", door: Door, elsewhere: Door
) -> None:
    make, send = library
    url = "{}/redirect?status={}&to={}/there".format(door.url, status, elsewhere.url)
    signer = make(door.url, token="temporary", **GIVEN)
    assert send(url, "POST", {"content": b"order"}, auth=signer).status == 200
    assert door.knocks[0].cam_headers == ["authorization", PREFIX + "timestamp", PREFIX + "token", PREFIX + "uin"]
    assert elsewhere.knocks[0].cam_headers == []
    assert elsewhere.knocks[0].headers["host"] == "127.0.0.1:{}".format(elsewhere.port)


@pytest.mark.parametrize("signs_path", [False, True])
def test_redirect_within_the_url_and_then_elsewhere(
    signs_path: bool, library: "Any", door: Door, elsewhere: Door
) -> None:
    make, send = library
    door.signs_path = signs_path
    second = quote("/redirect?status=307&to={}/there".format(elsewhere.url))
    signer = make(door.url, token="temporary", signs_path=signs_path, **GIVEN)
    url = "{}/redirect?status=307&to={}".format(door.url, second)
    assert send(url, "POST", {"content": b"order"}, auth=signer).status == 200
    (knock,) = elsewhere.knocks
    assert (knock.body, knock.cam_headers) == (b"order", [])


def test_a_request_to_another_origin_is_sent_as_it_is(library: "Any", door: Door, elsewhere: Door) -> None:
    make, send = library
    assert send(elsewhere.url + "/", "POST", {"content": b"x"}, auth=make(door.url, **GIVEN)).status == 200
    assert elsewhere.knocks[0].cam_headers == []


def test_refused_for_good_is_asked_once(library: "Any", door: Door) -> None:
    make, send = library
    door.secret_key = "another"
    assert send(door.url, "GET", {}, auth=make(door.url, **GIVEN)).status == 401
    assert len(door.knocks) == 1


def test_keys_and_uin_are_read_for_each_signature(library: "Any", door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    make, send = library
    signer = make(door.url)
    monkeypatch.setenv("TENCENTCLOUD_SECRETID", SECRET_ID)
    monkeypatch.setenv("TENCENTCLOUD_UIN", UIN)
    for number in range(3):
        door.secret_key = "key-{}".format(number)
        monkeypatch.setenv("TENCENTCLOUD_SECRETKEY", door.secret_key)
        monkeypatch.setenv("TENCENTCLOUD_SESSIONTOKEN", "token-{}".format(number))
        assert send(door.url, "GET", {}, auth=signer).status == 200
        assert door.knocks[-1].headers[PREFIX + "token"] == "token-{}".format(number)


def test_without_a_uin_nothing_is_sent(library: "Any", door: Door, monkeypatch: pytest.MonkeyPatch) -> None:
    make, send = library
    with pytest.raises(CredentialError, match=r"no UIN.*uin=, or set TENCENTCLOUD_UIN") as caught:
        send(door.url, "GET", {}, auth=make(door.url, **KEYS))
    assert caught.value.executed is Verdict.NO
    monkeypatch.setenv("TENCENTCLOUD_UIN", "account")
    with pytest.raises(CredentialError, match="TENCENTCLOUD_UIN 'account' is no UIN"):
        send(door.url, "GET", {}, auth=make(door.url, **KEYS))
    assert door.knocks == []


class SlowKeys:
    """Credentials that may block: their code runs at each reading."""

    def __init__(self) -> None:
        self.threads: "set[str]" = set()

    secret_key = SECRET_KEY

    @property
    def secret_id(self) -> str:
        self.threads.add(threading.current_thread().name)
        return SECRET_ID


def test_keys_that_may_block_are_read_beside_the_loop(library: "Any", door: Door) -> None:
    make, send = library
    keys = SlowKeys()
    assert send(door.url, "GET", {}, auth=make(door.url, uin=UIN, credentials=keys)).status == 200
    is_async = "tencentserverless-keys" in keys.threads
    assert is_async is (send in (LIBRARIES["aiohttp"][1], LIBRARIES["httpx, async"][1], LIBRARIES["httpx2, async"][1]))
    assert len(keys.threads) == 1


def test_other_token_header(door: Door, library: "Any") -> None:
    make, send = library
    signer = make(door.url, token="temporary", token_header="X-Token", **GIVEN)
    assert send(door.url, "GET", {}, auth=signer).status == 200
    assert door.knocks[0].headers["x-token"] == "temporary"
    assert PREFIX + "token" not in door.knocks[0].headers


def read_halves_by_requests(door: Door, signer: "Any") -> bytes:
    import requests

    with requests.Session() as session:
        session.trust_env = False
        with session.get(door.url + "/stream", auth=signer, stream=True, timeout=20) as answer:
            first = answer.raw.read(4)
            door.may_go_on.set()
            return bytes(first + answer.raw.read())


def read_halves_by_httpx(name: str, door: Door, signer: "Any") -> bytes:
    library = pytest.importorskip(name)
    client = library.Client(auth=signer, **PLAIN)
    with client, client.stream("GET", door.url + "/stream") as answer:
        pieces = answer.iter_raw()
        first = next(pieces)
        door.may_go_on.set()
        return bytes(first + b"".join(pieces))


def read_halves_by_aiohttp(door: Door, signer: "Any") -> bytes:
    import aiohttp

    async def read() -> bytes:
        async with aiohttp.ClientSession(middlewares=[signer]) as session:
            answer = await session.get(door.url + "/stream")
            first = await answer.content.readexactly(4)
            door.may_go_on.set()
            return first + await answer.content.read()

    return run_on_new_loop(read())


@pytest.mark.parametrize("name", ["requests", "httpx", "httpx2", "aiohttp"])
def test_answers_stream(name: str, door: Door) -> None:
    pytest.importorskip(name)
    signer = LIBRARIES[name][0](door.url, **GIVEN)
    if name == "requests":
        found = read_halves_by_requests(door, signer)
    elif name == "aiohttp":
        found = read_halves_by_aiohttp(door, signer)
    else:
        found = read_halves_by_httpx(name, door, signer)
    assert found == b"halfhalf"


def pieces() -> "Iterator[bytes]":
    yield b"a"
    yield b"b"


class Pipe:
    def read(self, size: int = -1) -> bytes:
        return b""

    def __iter__(self) -> "Iterator[bytes]":
        return iter(())


@pytest.mark.parametrize(
    ("make_body", "kind"),
    [(pieces, "generator"), (Pipe, "Pipe"), (lambda: io.StringIO("text"), "text file")],
    ids=["generator", "pipe", "text file"],
)
def test_requests_refuses_what_it_can_read_once_only(make_body: "Any", kind: str, door: Door) -> None:
    requests = pytest.importorskip("requests")
    with pytest.raises(ValueError, match="a {} can't be signed.*binary mode".format(kind)):
        requests.post(door.url, data=make_body(), auth=RequestsAuth(door.url, **GIVEN), timeout=20)
    assert door.knocks == []


def test_requests_sends_a_file_from_where_it_stands(door: Door) -> None:
    file = io.BytesIO(b"skipped" + BIG)
    file.seek(7)
    assert send_by_requests(door.url, "POST", {"content": file}, auth=RequestsAuth(door.url, **GIVEN)).status == 200
    assert door.knocks[0].body == BIG


@pytest.mark.parametrize("name", ["httpx", "httpx2"])
def test_httpx_reads_a_generator_whole(name: str, door: Door) -> None:
    pytest.importorskip(name)
    signer = LIBRARIES[name][0](door.url, **GIVEN)
    assert send_by_httpx(name, door.url, "POST", {"content": pieces()}, auth=signer).status == 200
    assert door.knocks[0].body == b"ab"


def test_aiohttp_reads_a_generator_whole_and_refuses_to_compress(door: Door) -> None:
    pytest.importorskip("aiohttp", minversion="3.12")
    signer = AiohttpMiddleware(door.url, **GIVEN)
    assert send_by_aiohttp(door.url, "POST", {"content": generate(b"a generator")}, auth=signer).status == 200
    assert door.knocks[0].body == b"a generator"
    with pytest.raises(ValueError, match="compress it yourself"):
        send_by_aiohttp(door.url, "POST", {"content": b"x", "compress": "deflate"}, auth=signer)
    assert len(door.knocks) == 1


@pytest.mark.parametrize("name", auth.__all__)
def test_a_signer_shows_no_secret_and_can_be_copied(name: str) -> None:
    if name != "UrlSigner":
        pytest.importorskip({"RequestsAuth": "requests", "AiohttpMiddleware": "aiohttp"}.get(name, name[:-4].lower()))
    signer = getattr(auth, name)("https://abc.tencentscf.com/x", uin=int(UIN), **KEYS)
    assert repr(signer) == "<{} https://abc.tencentscf.com/>".format(name)
    for other in (pickle.loads(pickle.dumps(signer)), copy.copy(signer)):
        assert repr(other) == repr(signer)
        assert other is not signer
        assert isinstance(other, getattr(auth, name))
        url = "https://abc.tencentscf.com/"
        names = {"Authorization", "Content-Type", "X-Scf-Cam-Uin", "X-Scf-Cam-Timestamp"}
        assert set(other.headers("GET", url)) == names


def test_a_pickled_answer_of_requests_holds_no_key(door: Door) -> None:
    requests = pytest.importorskip("requests")
    with requests.Session() as session:
        session.trust_env = False
        answer = session.get(door.url, auth=RequestsAuth(door.url, **GIVEN), timeout=20)
    pickled = pickle.dumps(answer)
    assert SECRET_KEY.encode() not in pickled
    assert pickle.loads(pickled).status_code == 200


def test_no_library_is_loaded_before_its_class_is_used() -> None:
    program = (
        "import sys; from tencentserverless import auth; auth.RequestsAuth('http://a', uin='1'); "
        "print([name for name in ('requests', 'httpx', 'httpx2', 'aiohttp', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, check=True)
    assert done.stdout.split() == [b"[]"]


def test_the_class_of_requests_in_httpx_is_told_by_name(door: Door) -> None:
    httpx = pytest.importorskip("httpx")
    with pytest.raises(TypeError, match="httpx takes HttpxAuth"):
        httpx.get(door.url, auth=RequestsAuth(door.url, **GIVEN), trust_env=False)
    assert door.knocks == []
