"""The clients that the tests run against the local SCF, and the table of docs/reference/clients.md.

``python -m tests.conformance.clients.catalogue`` writes the table anew.
"""

import re
from dataclasses import dataclass
from pathlib import Path

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "clients.md"
BEGIN, END = "<!-- begin clients: written by tests/conformance/clients/catalogue.py -->", "<!-- end clients -->"
PROXY = "TENCENTSERVERLESS_LOCAL_PROXY"


@dataclass(frozen=True)
class Client:
    """A package, and how a program that uses it is led to a local SCF.

    :param package: its name and version in its registry
    :param registry: ``npm`` or ``PyPI``
    :param more: what else has to be installed for it
    :param is_secure: it calls over HTTPS
    :param environment: variables beside those of the env file; ``{NAME}`` is the value of one of that file
    :param needs: what a user does, in words
    :param works: what the test does with it
    """

    package: str
    registry: str
    program: str
    needs: str
    works: str
    test: str
    more: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    is_secure: bool = False

    @property
    def name(self) -> str:
        """The package without its version, and the one that it runs on."""
        return " on ".join(re.split("==|(?<=.)@", each)[0] for each in (self.package, *self.more))


LIFE = "create, call, new code and settings, publish, timer, list, delete"
ENDPOINT = "the endpoint, an option of the client"
NODE_PROXY = (("NODE_OPTIONS", "-r global-agent/bootstrap"), ("GLOBAL_AGENT_HTTP_PROXY", f"{{{PROXY}}}"))
NODE_NEEDS = (
    "`--proxy-port`, and the package `global-agent`: `NODE_OPTIONS='-r global-agent/bootstrap' "
    f'GLOBAL_AGENT_HTTP_PROXY="${PROXY}"`; its endpoint is fixed'
)
BUN = "bun@1.4.5"
NPM_TEST = "test_a_package_from_npm_lives_a_functions_life_twice"
PYPI_TEST = "test_a_package_from_pypi_lives_a_functions_life_twice"

CLIENTS = (
    Client(
        "tencent-component-toolkit@2.27.6",
        "npm",
        "toolkit.js",
        NODE_NEEDS,
        "`Scf` deploys from COS (`--cos`), deploys again without variables and layers, publishes, makes an alias and "
        "removes; `TriggerManager` makes timers",
        NPM_TEST,
        more=("global-agent@3.0.0",),
        environment=NODE_PROXY,
    ),
    Client(
        "tencent-component-toolkit@2.27.6",
        "npm",
        "toolkit_urls.js",
        NODE_NEEDS,
        "`Scf` and `TriggerManager` give a function a URL (`events: - http`), change its CorsConfig, AuthType and "
        "NetConfig, and remove it; the URL answers, and stays the same",
        NPM_TEST,
        more=("global-agent@3.0.0",),
        environment=(*NODE_PROXY, ("GLOBAL_AGENT_NO_PROXY", "127.0.0.1")),
    ),
    Client(
        "@tencent-sdk/faas@1.0.9",
        "npm",
        "faas.js",
        NODE_NEEDS,
        "namespaces, versions, aliases, triggers, a function with its code, and a call",
        NPM_TEST,
        more=("global-agent@3.0.0",),
        arguments=("seen",),
        environment=NODE_PROXY,
    ),
    Client(
        "@tencent-sdk/capi@2.0.3",
        "npm",
        "capi.js",
        f"{ENDPOINT}: `host` and `protocol`; signed by V1, also `version`",
        "create, call, new settings, list, delete, signed by V1 and by TC3",
        NPM_TEST,
    ),
    Client(
        "@cloudbase/manager-node@5.6.5",
        "npm",
        "manager_node.js",
        f'`--proxy-port`, and `http_proxy="${PROXY}"`; its endpoint is fixed',
        "`createFunction` with timers and `deployMode` `zip`, again with `force`, `invokeFunction`, `publishVersion`. "
        "CloudBase's own API is not served",
        NPM_TEST,
        environment=(("http_proxy", f"{{{PROXY}}}"),),
    ),
    Client(
        "tencentcloud-sdk-nodejs-scf@4.1.151",
        "npm",
        "official_node.js",
        f"{ENDPOINT}: `endpoint` and `protocol` of `httpProfile`",
        LIFE,
        NPM_TEST,
    ),
    Client(
        "tencentcloud-sdk-nodejs-scf@4.1.151",
        "npm",
        "official_node.js",
        "`--tls`; the same, and the env file's `NODE_EXTRA_CA_CERTS`",
        f"{LIFE}, over HTTPS",
        NPM_TEST,
        more=(BUN,),
        is_secure=True,
    ),
    Client(
        "kumori==0.0.4",
        "PyPI",
        "python_clients.py",
        "`scheme`, `domain` and `port` of its service",
        LIFE,
        PYPI_TEST,
        arguments=("kumori",),
    ),
    Client(
        "pyqcloud-sdk==0.0.4",
        "PyPI",
        "python_clients.py",
        "`EndPoint` of its configuration, with `http://`",
        LIFE,
        PYPI_TEST,
        arguments=("pyqcloud",),
    ),
    Client(
        "qcloud-requests-auth==0.0.1",
        "PyPI",
        "python_clients.py",
        "the URL, and `qcloud_host` with the port",
        LIFE,
        PYPI_TEST,
        arguments=("requests_auth",),
    ),
    Client(
        "qcloud-sdk-py==0.5.0",
        "PyPI",
        "python_clients.py",
        f'`--proxy-port`, and `HTTPS_PROXY="${PROXY}"`; its endpoint is fixed. It does not load beside cloudevents 2',
        LIFE,
        PYPI_TEST,
        more=("cloudevents==1.11.0",),
        arguments=("qcloud_sdk_py",),
        environment=(
            ("HTTPS_PROXY", f"{{{PROXY}}}"),
            ("QCLOUDSDK_SECRET_ID", "{TENCENTCLOUD_SECRET_ID}"),
            ("QCLOUDSDK_SECRET_KEY", "{TENCENTCLOUD_SECRET_KEY}"),
            ("QCLOUDSDK_SESSION_TOKEN", ""),
        ),
    ),
    Client(
        "tencent-cloud-sdk-serverless-functions==0.2.5",
        "PyPI",
        "python_clients.py",
        "`--tls`, the env file's `SSL_CERT_FILE`, and `set_access_endpoint` with host and port. A call that takes five "
        "seconds is made again, up to ten times: `enable_builtin_error_handler = False`",
        f"{LIFE}, over HTTPS",
        PYPI_TEST,
        arguments=("tencent_cloud_sdk",),
        is_secure=True,
    ),
    Client(
        "tencentcloud-sdk-python-common==3.1.195",
        "PyPI",
        "python_clients.py",
        "the endpoint, an option of `HttpProfile`, and `--tls` with the env file's `SSL_CERT_FILE` alone: "
        "`certification` is a certificate of the client for it",
        f"{LIFE}, by the asynchronous client, over HTTPS",
        PYPI_TEST,
        more=("httpx==0.28.1",),
        arguments=("official_async",),
        is_secure=True,
    ),
    Client(
        "tencentcloud-sdk-python-scf==3.1.100",
        "PyPI",
        "terraform.py",
        "the endpoint, an option of `HttpProfile`, for this package, which sends what Terraform's provider sends; "
        "Terraform itself needs `--proxy-port`, and `HTTPS_PROXY`, which Go follows",
        "what Terraform's provider sends: apply, apply without variables, apply again, destroy",
        PYPI_TEST,
    ),
    Client(
        "tencentcloud-sdk-python-scf==3.1.100",
        "PyPI",
        "terraform_urls.py",
        "the same",
        "what Terraform's provider sends for `tencentcloud_scf_trigger` of type `http`: create, plan without a "
        "difference, update, close, delete",
        PYPI_TEST,
    ),
)


def table() -> str:
    """The table of the page."""
    rows = [
        f"| {each.registry} | `{each.package}`{_with(each.more)} | {each.needs} | {each.works} | "
        f"`tests/conformance/test_clients.py::{each.test}` |"
        for each in CLIENTS
    ]
    head = ["| From | Package | What it needs | What works | Proved by |", "|---|---|---|---|---|"]
    return "\n".join((BEGIN, *head, *rows, END))


def filled(page: str) -> str:
    """The text of the page with today's table."""
    head, _, rest = page.partition(BEGIN)
    return head + table() + rest.partition(END)[2]


def _with(more: tuple[str, ...]) -> str:
    return "".join(f", with `{each}`" for each in more)


if __name__ == "__main__":
    PAGE.write_text(filled(PAGE.read_text("utf-8")), encoding="utf-8")
