"""CreateCustomDomain, DeleteCustomDomain, GetCustomDomain, ListCustomDomains and UpdateCustomDomain.

Sources: cloud.tencent.com/document/api/583/111926 (CreateCustomDomain) and the texts of the other actions in the
official SDK (2018-04-16). ``web`` routes requests by them. No name server is asked, so that FailedOperation.CNAME does
not occur, and whether the functions of the routes exist is not checked: no page says that the platform does that.
"""

import dataclasses

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions.function_changes import TagTable
from tencentserverless.local.actions.function_queries import FilterTable, check_filter_counts
from tencentserverless.local.actions.function_settings import UInt
from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.actions.parameters import DESCENDING, Action, Call, Table, choose, cut_page, sort_items
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.custom_domains import (
    DOMAIN_NAME,
    EXACT,
    MAX_DOMAIN_CHARS,
    PATH,
    PROTOCOLS,
    REWRITE_KINDS,
    REWRITTEN,
    WAF_STATES,
    CustomDomain,
    Rewrite,
    Route,
)
from tencentserverless.local.registry.function_version import FUNCTION_NAME, LATEST
from tencentserverless.local.registry.layer import MAX_TAG_CHARS, MAX_TAGS
from tencentserverless.local.services import Services
from tencentserverless.local.settings import REGION_NAME

_MAX_ROUTES = 100  # ours: routes of a domain, and rewrites of a route
_MAX_DOMAINS = 100  # ours: of a region
_MAX_PATH_CHARS = 512  # ours
_UNKNOWN = "FailedOperation.Domain.UnExist"
_FILTERS = ("Domain", "Protocol", "Namespace", "FunctionName")


class PathRewriteTable(Table, frozen=True):
    """The structure PathRewriteRule."""

    Path: str
    Type: str
    Rewrite: str


class EndpointTable(Table, frozen=True):
    """The structure EndpointsConf."""

    FunctionName: str
    PathMatch: str
    Namespace: str | None = None
    Qualifier: str | None = None
    PathRewrite: list[PathRewriteTable] | None = None


class CertTable(Table, frozen=True):
    """The structure CertConf."""

    CertificateId: str | None = None


class WafTable(Table, frozen=True):
    """The structure WafConf."""

    WafOpen: str | None = None
    WafInstanceId: str | None = None


class CreateDomainTable(Table, frozen=True):
    """Parameters of CreateCustomDomain."""

    Domain: str
    Protocol: str
    EndpointsConfig: list[EndpointTable]
    CertConfig: CertTable | None = None
    WafConfig: WafTable | None = None
    Tags: list[TagTable] | None = None


class UpdateDomainTable(Table, frozen=True):
    """Parameters of UpdateCustomDomain."""

    Domain: str
    Protocol: str | None = None
    CertConfig: CertTable | None = None
    WafConfig: WafTable | None = None
    EndpointsConfig: list[EndpointTable] | None = None


class DomainTable(Table, frozen=True):
    """Parameters of GetCustomDomain and of DeleteCustomDomain."""

    Domain: str


class ListDomainsTable(Table, frozen=True):
    """Parameters of ListCustomDomains."""

    Offset: UInt | None = None
    Limit: UInt | None = None
    OrderBy: str | None = None
    Order: str | None = None
    Filters: list[FilterTable] | None = None


async def create_domain(parameters: CreateDomainTable, call: Call, services: Services) -> dict[str, object]:
    """Create a custom domain in the request's region."""
    _check_name(services, call.region, parameters.Domain)
    now = services.clock()
    tags = tuple((each.Key, each.Value) for each in parameters.Tags or ())
    if len(tags) > MAX_TAGS or any(len(key) + len(value) > MAX_TAG_CHARS for key, value in tags):
        raise ApiError("InvalidParameterValue", f"Tags takes {MAX_TAGS}, each of {MAX_TAG_CHARS} characters at most.")
    new = CustomDomain(parameters.Domain, call.region, "", (), tags=tags, created_at=now)
    services.domains.put(_changed(new, parameters, now, "InvalidParameterValue"))
    return {}


async def update_domain(parameters: UpdateDomainTable, call: Call, services: Services) -> dict[str, object]:
    """Change a custom domain; values that the request leaves out stay."""
    old = _find(services, call, parameters.Domain)
    services.domains.put(_changed(old, parameters, services.clock(), "FailedOperation.Ssl"))
    return {}


async def get_domain(parameters: DomainTable, call: Call, services: Services) -> dict[str, object]:
    """Return one custom domain."""
    return _shown(_find(services, call, parameters.Domain))


async def list_domains(parameters: ListDomainsTable, call: Call, services: Services) -> dict[str, object]:
    """Return the custom domains of the request's region, the newest first."""
    if parameters.OrderBy not in (None, "", "AddTime", "ModTime"):
        raise ApiError("InvalidParameterValue", f"OrderBy must be AddTime or ModTime, not {shown(parameters.OrderBy)}.")
    found = services.domains.of_region(call.region)
    check_filter_counts(parameters.Filters or [])
    for wanted in parameters.Filters or []:
        if wanted.Name not in _FILTERS:
            names = ", ".join(_FILTERS)
            raise ApiError("InvalidParameterValue", f"There is no filter {shown(wanted.Name)}; there are {names}.")
        found = [each for each in found if not _values(each, wanted.Name).isdisjoint(_wanted(wanted))]
    by_change = parameters.OrderBy == "ModTime"
    ordered = sort_items(
        found, lambda each: each.changed_at if by_change else each.created_at, parameters.Order, default=DESCENDING
    )
    page = cut_page(ordered, parameters.Offset, parameters.Limit, "InvalidParameterValue")
    return {"Total": len(found), "Domains": [_shown(each) for each in page]}


async def delete_domain(parameters: DomainTable, call: Call, services: Services) -> dict[str, object]:
    """Delete a custom domain. The functions of its routes stay."""
    services.domains.remove(_find(services, call, parameters.Domain).name)
    return {}


ACTIONS = {
    "CreateCustomDomain": Action(msgspec.json.Decoder(CreateDomainTable), create_domain),
    "DeleteCustomDomain": Action(msgspec.json.Decoder(DomainTable), delete_domain),
    "GetCustomDomain": Action(msgspec.json.Decoder(DomainTable), get_domain),
    "ListCustomDomains": Action(msgspec.json.Decoder(ListDomainsTable), list_domains),
    "UpdateCustomDomain": Action(msgspec.json.Decoder(UpdateDomainTable), update_domain),
}


def _find(services: Services, call: Call, name: str) -> CustomDomain:
    domain = services.domains.find(name)
    if domain is None or domain.region != call.region:
        elsewhere = f" It exists in region {domain.region}." if domain else " ListCustomDomains shows what there is."
        raise ApiError(_UNKNOWN, f"Domain {shown(name)} does not exist in region {shown(call.region)}.{elsewhere}")
    return domain


def _check_name(services: Services, region: str, name: str) -> None:
    """Refuse a name that is no domain, or taken."""
    if not REGION_NAME.match(region):
        raise ApiError("UnsupportedRegion", f"X-TC-Region {shown(region)} is no region, such as ap-guangzhou.")
    if len(name) > MAX_DOMAIN_CHARS or not DOMAIN_NAME.match(name):
        raise ApiError(
            "InvalidParameterValue.Domain",
            f"Domain {shown(name)} must be a host name such as www.example.com, without a star, port or scheme.",
        )
    taken = services.domains.find(name)
    if taken is not None:
        raise ApiError(
            "InvalidParameterValue.Domain",
            f"Domain {shown(name)} exists already, in region {taken.region}; UpdateCustomDomain changes it.",
        )
    if len(services.domains.of_region(region)) >= _MAX_DOMAINS:
        raise ApiError("InvalidParameterValue.Domain", f"Region {region} has {_MAX_DOMAINS} domains already.")


def _changed(
    domain: CustomDomain, parameters: CreateDomainTable | UpdateDomainTable, now: float, certificate_code: str
) -> CustomDomain:
    """Return a domain with the changes of a request.

    :param certificate_code: the action's code for HTTPS without a certificate
    """
    changes: dict[str, object] = {"changed_at": now}
    changes["protocol"] = choose("Protocol", parameters.Protocol, PROTOCOLS, domain.protocol)
    if parameters.EndpointsConfig is not None:
        changes["routes"] = _routes(parameters.EndpointsConfig)
    if parameters.CertConfig is not None:
        changes["certificate"] = _checked_word("CertificateId", parameters.CertConfig.CertificateId)
    if parameters.WafConfig is not None:
        changes["waf"] = choose("WafOpen", parameters.WafConfig.WafOpen, WAF_STATES, domain.waf)
        changes["waf_instance"] = _checked_word("WafInstanceId", parameters.WafConfig.WafInstanceId)
    changed = dataclasses.replace(domain, **changes)  # type: ignore[arg-type]  # of the types above
    if not changed.protocol:
        raise ApiError("InvalidParameterValue", f"Protocol must be one of {', '.join(PROTOCOLS)}, not ''.")
    if "HTTPS" in changed.protocol and not changed.certificate:
        raise ApiError(
            certificate_code, f"Protocol {changed.protocol} needs CertConfig with the CertificateId of a certificate."
        )
    return changed


def _routes(endpoints: list[EndpointTable]) -> tuple[Route, ...]:
    if not 1 <= len(endpoints) <= _MAX_ROUTES:
        raise ApiError("InvalidParameterValue", f"EndpointsConfig must have 1 to {_MAX_ROUTES}, not {len(endpoints)}.")
    routes = tuple(_route(each) for each in endpoints)
    paths = [each.path for each in routes]
    for path in paths:
        if paths.count(path) > 1:
            raise ApiError("InvalidParameterValue", f"PathMatch {shown(path)} stands twice in EndpointsConfig.")
    return routes


def _route(endpoint: EndpointTable) -> Route:
    if not FUNCTION_NAME.match(endpoint.FunctionName):
        raise ApiError("InvalidParameterValue", f"FunctionName {shown(endpoint.FunctionName)} is no function name.")
    rewrites = endpoint.PathRewrite or []
    if len(rewrites) > _MAX_ROUTES:
        raise ApiError("InvalidParameterValue", f"PathRewrite can have {_MAX_ROUTES} at most, not {len(rewrites)}.")
    return Route(
        _checked_path("PathMatch", endpoint.PathMatch),
        _checked_word("Namespace", endpoint.Namespace) or wire.DEFAULT_NAMESPACE,
        endpoint.FunctionName,
        _checked_word("Qualifier", endpoint.Qualifier) or LATEST,
        tuple(_rewrite(each) for each in rewrites),
    )


def _rewrite(rule: PathRewriteTable) -> Rewrite:
    if len(rule.Rewrite) > _MAX_PATH_CHARS or not REWRITTEN.match(rule.Rewrite):
        problem = "must be a path, such as / or /$, with blanks and letters outside ASCII in the form %E4"
        raise ApiError("InvalidParameterValue", f"Rewrite {shown(rule.Rewrite)} {problem}.")
    kind = choose("Type", rule.Type, REWRITE_KINDS, "")
    if not kind:
        raise ApiError("InvalidParameterValue", f"Type must be one of {', '.join(REWRITE_KINDS)}, not ''.")
    path = _checked_path("Path", rule.Path)
    if kind == EXACT and path.endswith("*"):
        raise ApiError("InvalidParameterValue", f"Path {shown(path)} has a star, which {EXACT} does not match.")
    return Rewrite(path, kind, rule.Rewrite)


def _checked_path(name: str, path: str) -> str:
    if len(path) > _MAX_PATH_CHARS or not PATH.match(path):
        raise ApiError("InvalidParameterValue", f"{name} {shown(path)} must be like /, /*, /xxx, /xxx/a or /xxx/*.")
    return path


def _checked_word(name: str, text: str | None) -> str:
    if len(text or "") > MAX_DOMAIN_CHARS:
        raise ApiError("InvalidParameterValue", f"{name} is over {MAX_DOMAIN_CHARS} characters.")
    return text or ""


def _wanted(filter_: FilterTable) -> list[str]:
    """Return the values of a filter; letter case makes no other domain."""
    return [each.lower() for each in filter_.Values] if filter_.Name == "Domain" else filter_.Values


def _values(domain: CustomDomain, name: str) -> set[str]:
    if name == "Domain":
        return {domain.name.lower()}
    if name == "Protocol":
        return {domain.protocol}
    return {route.namespace if name == "Namespace" else route.function for route in domain.routes}


def _shown(domain: CustomDomain) -> dict[str, object]:
    """Return the structure DomainInfo, which is also the answer of GetCustomDomain."""
    return {
        "Domain": domain.name,
        "Protocol": domain.protocol,
        "EndpointsConfig": [
            {
                "Namespace": route.namespace,
                "FunctionName": route.function,
                "Qualifier": route.qualifier,
                "PathMatch": route.path,
                "PathRewrite": [
                    {"Path": each.path, "Type": each.kind, "Rewrite": each.target} for each in route.rewrites
                ],
            }
            for route in domain.routes
        ],
        "CertConfig": {"CertificateId": domain.certificate},
        "WafConfig": {"WafOpen": domain.waf, "WafInstanceId": domain.waf_instance},
        "Tags": [{"Key": key, "Value": value} for key, value in domain.tags],
    }
