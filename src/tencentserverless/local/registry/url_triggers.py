"""Triggers of type ``http``: the function URLs of versions and aliases, as frozen values.

Sources: cloud.tencent.com/document/product/583/96099 (function URLs), 96100 (authentication) and 100227 (TriggerDesc).
ApiGwCompatible and EnableSimpleMode are on no page; Tencent's tools and Terraform's provider send and read them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

HTTP = "http"
NO_AUTH, CAM = "NONE", "CAM"
AUTH_TYPES = (NO_AUTH, CAM)
ANY = "*"
MAX_CORS_VALUES = 100  # ours: of each list
MAX_CORS_CHARS = 512  # ours: of each value
CORS_TEXT_RULE = f"text of 1 to {MAX_CORS_CHARS} ASCII characters without blanks and commas"
MAX_AGE_SECONDS = range(86_401)  # ours: browsers keep a preflight for a day at most


@dataclass(frozen=True, slots=True)
class Cors:
    """The CorsConfig of a URL: which pages of other origins may call it, and what they may send and see."""

    is_enabled: bool
    origins: tuple[str, ...] = ()
    headers: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    exposed_headers: tuple[str, ...] = ()
    max_age_seconds: int | None = None
    has_credentials: bool | None = None


@dataclass(frozen=True, slots=True)
class UrlTrigger:
    """The URL of a version or an alias of a function.

    :param has_intranet: its address inside the network of the cloud is served
    :param has_extranet: its public address is served
    :param cors: None if the trigger says nothing of it
    :param is_apigw: ApiGwCompatible: the event and the answer have more of API gateway's fields; None if not said
    :param is_simple: EnableSimpleMode, which has no known effect; None if not said
    """

    name: str
    qualifier: str
    auth_type: str = NO_AUTH
    has_intranet: bool = False
    has_extranet: bool = False
    cors: Cors | None = None
    is_apigw: bool | None = None
    is_simple: bool | None = None
    is_enabled: bool = True
    argument: str = ""
    description: str = ""
    created_at: float = 0.0
    changed_at: float = 0.0

    def trigger_desc(self, net: Mapping[str, object] | None = None) -> dict[str, object]:
        """Return its TriggerDesc, as a client sends it.

        :param net: NetConfig, where it is another one
        """
        switches = {"EnableIntranet": self.has_intranet, "EnableExtranet": self.has_extranet}
        described: dict[str, object] = {"AuthType": self.auth_type, "NetConfig": switches if net is None else net}
        if self.cors is not None:
            described["CorsConfig"] = _describe_cors(self.cors)
        if self.is_apigw is not None:
            described["ApiGwCompatible"] = self.is_apigw
        if self.is_simple is not None:
            described["EnableSimpleMode"] = self.is_simple
        return described


def is_cors_text(text: str) -> bool:
    """True for what can stand in a list of a CorsConfig: it becomes a part of a header's line."""
    if not 0 < len(text) <= MAX_CORS_CHARS or not text.isascii() or not text.isprintable():
        return False
    return " " not in text and "," not in text


def _describe_cors(cors: Cors) -> dict[str, object]:
    described: dict[str, object] = {"Enable": cors.is_enabled}
    for name, values in (
        ("Origins", cors.origins),
        ("Methods", cors.methods),
        ("Headers", cors.headers),
        ("ExposeHeaders", cors.exposed_headers),
    ):
        if values:
            described[name] = list(values)
    if cors.has_credentials is not None:
        described["Credentials"] = cors.has_credentials
    if cors.max_age_seconds is not None:
        described["MaxAge"] = cors.max_age_seconds
    return described
