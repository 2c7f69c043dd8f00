"""URLs of configuration files: the tool's names and defaults, and what is wrong with one alone."""

import json

import pytest

from tencentserverless.local.registry.url_triggers import Cors
from tests.local.project.reading import read_all

HEAD = "component: scf\nname: job\ninputs:\n  name: fn\n  src: .\n  runtime: Python3.9\n  events:\n"
OPEN = "netConfig: {enableIntranet: false, enableExtranet: true}"


@pytest.fixture
def read(tmp_path):
    def read(*events):
        path = tmp_path / "serverless.yml"
        path.write_text(HEAD + "".join(f"    - {event}\n" for event in events))
        (function,) = read_all(path).functions
        return function

    return read


@pytest.mark.parametrize(
    ("url", "name", "qualifier", "auth_type"),
    [
        (f"parameters: {{{OPEN}}}", "url-trigger", "$DEFAULT", "NONE"),
        (f"name: a, parameters: {{{OPEN}, authType: CAM}}", "a", "$DEFAULT", "CAM"),
        (f"name: a, parameters: {{name: b, {OPEN}, qualifier: $LATEST}}", "b", "$LATEST", "NONE"),
        (f"name: a, parameters: {{name: b, {OPEN}, qualifier: 1}}", "b", "1", "NONE"),
    ],
)
def test_names_and_defaults(read, url, name, qualifier, auth_type):
    function = read(f"http: {{{url}}}")
    (found,) = function.record.urls
    assert (found.name, found.qualifier, found.auth_type) == (name, qualifier, auth_type)
    assert (found.has_intranet, found.has_extranet, found.cors, found.is_enabled) == (False, True, None, True)
    assert (function.report.notices, function.idle) == ([], ())


@pytest.mark.parametrize(
    "url",
    [
        """
        parameters:
          netConfig: {enableIntranet: true, enableExtranet: false}
          corsConfig:
            enable: true
            origins: [https://a.example, '*']
            methods: [post, PATCH]
            headers: [x-a, x-b]
            exposeHeaders: ['*']
            credentials: true
            maxAge: 10
        """,
        """
        Parameters:
          NetConfig: {EnableIntranet: true, EnableExtranet: false}
          CorsConfig:
            Enable: true
            Origins: "https://a.example, *"
            Methods: POST,PATCH
            Headers: x-a,x-b
            ExposeHeaders: '*'
            Credentials: true
            MaxAge: '10'
        """,
    ],
    ids=["lists", "texts"],
)
def test_the_official_example_in_the_tools_spellings(read, url):
    function = read(f"http:{url}")
    assert not function.report.notices
    (found,) = function.record.urls
    assert (found.has_intranet, found.has_extranet) == (True, False)
    assert found.cors == Cors(
        True, ("https://a.example", "*"), ("x-a", "x-b"), ("POST", "PATCH"), ("*",), 10, has_credentials=True
    )


def test_what_only_the_api_knows(read):
    (found,) = read(f"http: {{parameters: {{{OPEN}, apiGwCompatible: true, enableSimpleMode: false}}}}").record.urls
    assert (found.is_apigw, found.is_simple) == (True, False)


def test_a_url_of_no_network_is_told(read):
    function = read("http: {parameters: {authType: NONE}}")
    assert "the URL url-trigger is served nowhere" in function.report.notices[0]
    assert not function.record.urls[0].has_extranet


def test_unknown_keys_are_told(read):
    function = read(f"http: {{parameters: {{{OPEN}, netconfg: 1, enable: true}}, x: 1}}")
    assert ["netconfg" in line or "enable" in line or ".x" in line for line in function.report.notices] == [True] * 3
    assert "did you mean netConfig?" in "".join(function.report.notices)


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("parameters: [a]", "must be a mapping"),
        ("parameters: {netConfig: true}", "netConfig must be a mapping"),
        ("parameters: {netConfig: {enableExtranet: 'true'}}", "enableExtranet must be true or false, not 'true'"),
        (f"parameters: {{{OPEN}, authType: none}}", "authType must be one of NONE, CAM, not 'none'"),
        (f"name: a b, parameters: {{{OPEN}}}", "has a name that is not 1 to 100 letters"),
        (f"parameters: {{{OPEN}, corsConfig: {{}}}}", "has no 'enable'"),
        (f"parameters: {{{OPEN}, corsConfig: {{enable: true}}}}", "has no 'origins'"),
        (f"parameters: {{{OPEN}, corsConfig: {{enable: yes please}}}}", "enable must be true or false"),
        (f"parameters: {{{OPEN}, corsConfig: {{enable: false, headers: a b}}}}", "headers has 'a b'"),
        (f"parameters: {{{OPEN}, corsConfig: {{enable: false, maxAge: -1}}}}", "maxAge must be 0 to 86400 seconds"),
        (f"parameters: {{{OPEN}, corsConfig: {{enable: false, origins: {json.dumps(['a'] * 101)}}}}}", "100 at most"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(read, url, words):
    function = read(f"http: {{{url}}}")
    assert function.record is None
    (fault,) = function.report.faults
    assert words in fault
    assert "serverless.yml:8: " in fault


def test_names_and_versions_are_taken_once(read):
    url = f"http: {{parameters: {{{OPEN}}}}}"
    assert "second URL of the name" in read(url, url).report.faults[0]
    other = f"http: {{name: b, parameters: {{{OPEN}}}}}"
    assert "second URL of $DEFAULT" in read(url, other).report.faults[0]
    many = [f"http: {{name: n{number}, parameters: {{{OPEN}, qualifier: {number + 1}}}}}" for number in range(11)]
    assert "one URL too many" in read(*many).report.faults[0]
