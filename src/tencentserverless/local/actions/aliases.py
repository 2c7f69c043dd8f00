"""CreateAlias, UpdateAlias, GetAlias, ListAliases and DeleteAlias.

Sources: cloud.tencent.com/document/product/583/43731 (traffic routing) and api/583/17244 (RoutingConfig).
"""

import dataclasses

import msgspec

from tencentserverless.local.actions.function_settings import checked_description
from tencentserverless.local.actions.lookup import Codes, find_function, no_version, shown
from tencentserverless.local.actions.parameters import Action, Call, Table, cut_page
from tencentserverless.local.errors import ApiError
from tencentserverless.local.platform_time import time_text
from tencentserverless.local.registry.function import NAME, Alias, Function, Match, Weight
from tencentserverless.local.registry.function_version import DEFAULT_ALIAS
from tencentserverless.local.services import Services

_MAX_WEIGHTS = 1  # document/api/583/17244: one version beside the main one
_MAX_MATCHES = 2  # CloudBase's own command line sends a rule for each of two versions, "[0,50)" and "[50,100)"
_CREATE_CODES = Codes(name="ResourceNotFound.FunctionName", namespace="ResourceNotFound.Function")
_DELETE_CODES = _CREATE_CODES


class VersionWeightTable(Table, frozen=True):
    """The structure VersionWeight."""

    Version: str
    Weight: float


class VersionMatchTable(Table, frozen=True):
    """The structure VersionMatch."""

    Version: str
    Key: str
    Method: str
    Expression: str


class RoutingConfigTable(Table, frozen=True):
    """The structure RoutingConfig. The platform spells the second field like that."""

    AdditionalVersionWeights: list[VersionWeightTable] | None = None
    AddtionVersionMatchs: list[VersionMatchTable] | None = None


class ChangeAliasTable(Table, frozen=True):
    """Parameters of CreateAlias and of UpdateAlias."""

    Name: str
    FunctionName: str
    FunctionVersion: str
    Namespace: str | None = None
    RoutingConfig: RoutingConfigTable | None = None
    Description: str | None = None


class AliasTable(Table, frozen=True):
    """Parameters of GetAlias and of DeleteAlias."""

    FunctionName: str
    Name: str
    Namespace: str | None = None


class ListAliasesTable(Table, frozen=True):
    """Parameters of ListAliases. Its numbers are texts."""

    FunctionName: str
    Namespace: str | None = None
    FunctionVersion: str | None = None
    Offset: str | None = None
    Limit: str | None = None


async def create_alias(parameters: ChangeAliasTable, call: Call, services: Services) -> dict[str, object]:
    """Create an alias for a version."""
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, _CREATE_CODES
    )
    if parameters.Name in function.aliases:
        raise ApiError("ResourceInUse.Alias", f"Alias {shown(parameters.Name)} exists already; UpdateAlias changes it.")
    if not NAME.match(parameters.Name):
        raise ApiError(
            "InvalidParameterValue.Name",
            f"Name {shown(parameters.Name)} must be 1 to 64 letters, digits, '-' or '_', a letter first.",
        )
    alias = _alias(parameters, function, Alias(parameters.Name, parameters.FunctionVersion), services.clock())
    services.pace.check_is_there(function.key)
    services.catalogue.put(function.with_alias(dataclasses.replace(alias, created_at=alias.changed_at)))
    return {}


async def update_alias(parameters: ChangeAliasTable, call: Call, services: Services) -> dict[str, object]:
    """Change the version of an alias, also of ``$DEFAULT``."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    old = _find_alias(function, parameters.Name)
    services.pace.check_is_there(function.key)
    services.catalogue.put(function.with_alias(_alias(parameters, function, old, services.clock())))
    return {}


async def get_alias(parameters: AliasTable, call: Call, services: Services) -> dict[str, object]:
    """Return one alias."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    return _shown_alias(_find_alias(function, parameters.Name))


async def list_aliases(parameters: ListAliasesTable, call: Call, services: Services) -> dict[str, object]:
    """Return the aliases of a function, ``$DEFAULT`` first."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    aliases = list(function.aliases.values())
    if parameters.FunctionVersion:
        aliases = function.aliases_of(parameters.FunctionVersion)
    offset, limit = _number("Offset", parameters.Offset), _number("Limit", parameters.Limit)
    return {"Aliases": [_shown_alias(alias) for alias in cut_page(aliases, offset, limit)], "TotalCount": len(aliases)}


async def delete_alias(parameters: AliasTable, call: Call, services: Services) -> dict[str, object]:
    """Delete an alias, but not ``$DEFAULT``, which every function has."""
    function = find_function(
        services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, _DELETE_CODES
    )
    _find_alias(function, parameters.Name)
    if parameters.Name == DEFAULT_ALIAS:
        raise ApiError("InvalidParameterValue.Alias", f"{DEFAULT_ALIAS} can't be deleted; every function has it.")
    services.pace.check_is_there(function.key)
    services.catalogue.put(function.without_alias(parameters.Name))
    return {}


#: tencent-component-toolkit 2.27.6 makes an alias only if the message says so in these words of the cloud.
_NOT_FOUND = "(未找到指定的 Alias)"

ACTIONS = {
    "CreateAlias": Action(msgspec.json.Decoder(ChangeAliasTable), create_alias),
    "UpdateAlias": Action(msgspec.json.Decoder(ChangeAliasTable), update_alias),
    "GetAlias": Action(msgspec.json.Decoder(AliasTable), get_alias),
    "ListAliases": Action(msgspec.json.Decoder(ListAliasesTable), list_aliases),
    "DeleteAlias": Action(msgspec.json.Decoder(AliasTable), delete_alias),
}


def _find_alias(function: Function, name: str) -> Alias:
    alias = function.aliases.get(name)
    if alias is None:
        refusal = no_version(function, name, "ResourceNotFound.Alias")
        raise ApiError(refusal.code, f"{refusal.message} {_NOT_FOUND}")
    return alias


def _alias(parameters: ChangeAliasTable, function: Function, old: Alias, now: float) -> Alias:
    """Make an alias from a request; routing that the request leaves out is removed."""
    routing = parameters.RoutingConfig or RoutingConfigTable()
    weights = tuple(Weight(each.Version, each.Weight) for each in routing.AdditionalVersionWeights or ())
    matches = tuple(
        Match(each.Version, each.Key, each.Method, each.Expression) for each in routing.AddtionVersionMatchs or ()
    )
    alias = dataclasses.replace(
        old,
        version=parameters.FunctionVersion,
        weights=weights,
        matches=matches,
        description=old.description if parameters.Description is None else checked_description(parameters.Description),
        changed_at=now,
    )
    _check_routing(alias)
    for version in sorted(alias.versions):
        if version not in function.versions:
            raise no_version(function, version, "ResourceNotFound.FunctionVersion")
    return alias


def _check_routing(alias: Alias) -> None:
    if alias.weights and alias.matches:
        raise ApiError(
            "InvalidParameter.RoutingConfig",
            "RoutingConfig has AdditionalVersionWeights and AddtionVersionMatchs; it takes one of them.",
        )
    if len(alias.weights) > _MAX_WEIGHTS or len(alias.matches) > _MAX_MATCHES:
        raise ApiError("InvalidParameterValue.RoutingConfig", "RoutingConfig can name one version beside the main one.")
    for weight in alias.weights:
        if not 0 <= weight.share <= 1:
            raise ApiError(
                "InvalidParameterValue.AdditionalVersionWeights", f"Weight must be 0 to 1, not {weight.share}."
            )
        if weight.version == alias.version:
            raise ApiError(
                "InvalidParameterValue.RoutingConfig", f"Version {shown(weight.version)} is the main one already."
            )
    for match in alias.matches:
        if match.fault is not None:
            raise ApiError("InvalidParameterValue.RoutingConfig", f"AddtionVersionMatchs: {match.fault}.")


def _shown_alias(alias: Alias) -> dict[str, object]:
    return {
        "Name": alias.name,
        "FunctionVersion": alias.version,
        "RoutingConfig": {
            "AdditionalVersionWeights": [{"Version": each.version, "Weight": each.share} for each in alias.weights],
            "AddtionVersionMatchs": [
                {"Version": each.version, "Key": each.key, "Method": each.method, "Expression": each.expression}
                for each in alias.matches
            ],
        },
        "Description": alias.description,
        "AddTime": time_text(alias.created_at),
        "ModTime": time_text(alias.changed_at),
    }


def _number(name: str, text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ApiError("InvalidParameterValue", f'{name} must be a number in a text, such as "20", not {shown(text)}.')
    return int(text)
