"""Finds the function that a request names, or says helpfully that there is none."""

from tencentserverless._core import wire
from tencentserverless.local.refusals import ApiError
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.records import (
    DEFAULT_ALIAS,
    FUNCTION_NAME,
    LATEST,
    FunctionKey,
    FunctionRecord,
)

_MAX_SHOWN_CHARS = 64
_MAX_NAMESAKES = 5


def find_function(
    catalogue: Catalogue, region: str, namespace: str | None, name: str, *, namespace_code: str
) -> FunctionRecord:
    """The function of that name.

    :param namespace_code: the action's code for a namespace that does not exist
    :raises ApiError: if there is none, with the regions and namespaces where one of that name is
    """
    if not FUNCTION_NAME.match(name):
        raise ApiError(
            "InvalidParameter.FunctionName",
            f"FunctionName {_shown(name)} is no function name: 2 to 60 letters, digits, '-' or '_', a letter first, "
            "a letter or digit last.",
        )
    key = FunctionKey(region, namespace or wire.DEFAULT_NAMESPACE, name)
    record = catalogue.find(key)
    if record is not None:
        return record
    if not catalogue.has_namespace(region, key.namespace):
        problem = f"Namespace {_shown(key.namespace)} does not exist in region {_shown(region)}"
        raise ApiError(namespace_code, f"{problem}, so function {name!r} is not there.{_elsewhere(catalogue, name)}")
    raise ApiError(
        "ResourceNotFound.Function",
        f"Function {name!r} does not exist in region {_shown(region)}, namespace {_shown(key.namespace)}."
        + _elsewhere(catalogue, name),
    )


def check_namespace(catalogue: Catalogue, region: str, namespace: str) -> None:
    """Refuse a namespace that does not exist.

    :raises ApiError: if it does not
    """
    if not catalogue.has_namespace(region, namespace):
        problem = f"Namespace {_shown(namespace)} does not exist in region {_shown(region)}."
        raise ApiError("ResourceNotFound.Namespace", problem)


def check_qualifier(qualifier: str, record: FunctionRecord, code: str) -> None:
    """Refuse a version or alias that does not exist.

    :param code: the action's code for that
    :raises ApiError: if it is neither ``$LATEST`` nor ``$DEFAULT``
    """
    if qualifier not in (LATEST, DEFAULT_ALIAS):
        raise ApiError(
            code,
            f"Function {record.key.name!r} has no version or alias {_shown(qualifier)}; "
            f"it has {LATEST} and {DEFAULT_ALIAS}.",
        )


def _elsewhere(catalogue: Catalogue, name: str) -> str:
    namesakes = catalogue.namesakes(name)[:_MAX_NAMESAKES]
    if not namesakes:
        return " No region of this local SCF has a function of that name; ListFunctions shows what there is."
    places = "; ".join(f"region {key.region}, namespace {key.namespace}" for key in namesakes)
    return f" A function of that name exists in: {places}."


def _shown(text: str) -> str:
    return repr(text[:_MAX_SHOWN_CHARS])
