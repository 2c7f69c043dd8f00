"""The routes of a custom domain: which function a path goes to, and the path that it sees. Pure.

Source: cloud.tencent.com/document/api/583/111926, and the texts of EndpointsConf and PathRewriteRule in Tencent's SDK.
No page says which of several fitting routes counts, and what ``$`` stands for. Ours: an exact path before a star, then
the longest one; ``$``, also ``$1``, stands for what the star stands for.
"""

from collections.abc import Iterable
from typing import Protocol, TypeVar

from tencentserverless.local.registry.custom_domains import EXACT, CustomDomain, Route

_STAR = "*"


class _HasPath(Protocol):
    @property
    def path(self) -> str:
        """A path, or one with a star at its end."""


_Rule = TypeVar("_Rule", bound=_HasPath)


def find_route(domain: CustomDomain, path: str) -> Route | None:
    """Return the route of a path, None if the domain has none."""
    return _best(domain.routes, path)


def rewrite(route: Route, url: str) -> str:
    """Return path and query as the function sees them."""
    path, question, query = url.partition("?")
    exact = [each for each in route.rewrites if each.kind == EXACT and each.path == path]
    rule = exact[0] if exact else _best((each for each in route.rewrites if each.kind != EXACT), path)
    if rule is None:
        return url
    rest = path[len(rule.path) - len(_STAR) :] if rule.path.endswith(_STAR) else ""
    sign = "$1" if "$1" in rule.target else "$"
    return f"{rule.target.replace(sign, rest)}{question}{query}"


def _best(rules: "Iterable[_Rule]", path: str) -> "_Rule | None":
    best: _Rule | None = None
    for rule in rules:
        if rule.path == path:
            return rule
        if rule.path.endswith(_STAR) and path.startswith(rule.path[: -len(_STAR)]):
            best = rule if best is None or len(rule.path) > len(best.path) else best
    return best
