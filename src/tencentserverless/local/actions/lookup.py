"""Finds the function that a request names, or refuses the request with advice."""

from dataclasses import dataclass

from tencentserverless._core import wire
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.function_version import FUNCTION_NAME, FunctionKey, FunctionRecord

_MAX_SHOWN_CHARS = 64
_MAX_NAMESAKES = 5
_MAX_SHOWN_QUALIFIERS = 10


@dataclass(frozen=True, slots=True)
class Codes:
    """The error codes that an action's page lists for an invalid name, and for things that do not exist."""

    name: str = "InvalidParameterValue.FunctionName"
    namespace: str = "ResourceNotFound.Namespace"
    function: str = "ResourceNotFound.Function"


DEFAULT_CODES = Codes()


def find_function(
    catalogue: Catalogue,
    region: str,
    namespace: str | None,
    name: str,
    codes: Codes = DEFAULT_CODES,
    *,
    also_away: bool = False,
) -> Function:
    """Find the function of a name.

    :param codes: the error codes that the action's page lists
    :param also_away: accept a function whose folder is missing
    :raises ApiError: if there is no such function; the message names regions and namespaces that have one of that name
    """
    key = FunctionKey(region, namespace or wire.DEFAULT_NAMESPACE, name)
    function, away = catalogue.find(key), catalogue.find_away(key)
    if function is not None:
        return function
    if away is not None and also_away:
        return away
    check_name(name, codes.name)
    if away is not None:
        raise folder_is_away(away, codes.function)
    if not catalogue.has_namespace(region, key.namespace):
        problem = f"Namespace {shown(key.namespace)} does not exist in region {shown(region)}"
        raise ApiError(codes.namespace, f"{problem}, so function {name!r} is not there.{_elsewhere(catalogue, name)}")
    raise ApiError(
        codes.function,
        f"Function {name!r} does not exist in region {shown(region)}, namespace {shown(key.namespace)}."
        + _elsewhere(catalogue, name),
    )


def check_code(catalogue: Catalogue, function: Function, record: FunctionRecord, code: str) -> None:
    """Refuse a version whose code is in a folder that is missing.

    :param code: the code of the refusal
    :raises ApiError: if the folder is missing
    """
    if record.package is None and catalogue.find_away(record.key) is not None:
        raise folder_is_away(function, code)


def folder_is_away(function: Function, code: str) -> ApiError:
    """Make the refusal of an action that needs a missing folder."""
    name, folder = function.key.name, function.latest.code_folder
    return ApiError(
        code,
        f"The folder of function {name!r} is away: {folder} holds it no more. All that belongs to the function is kept "
        "until the folder is back, or until DeleteFunction.",
    )


def check_name(name: str, code: str) -> None:
    """Refuse an invalid function name.

    :raises ApiError: if the name is invalid
    """
    if not FUNCTION_NAME.match(name):
        raise ApiError(
            code,
            f"FunctionName {shown(name)} is no function name: 2 to 60 letters, digits, '-' or '_', a letter first, "
            "a letter or digit last.",
        )


def check_namespace(catalogue: Catalogue, region: str, namespace: str) -> None:
    """Refuse a namespace that does not exist.

    :raises ApiError: if the namespace does not exist
    """
    if not catalogue.has_namespace(region, namespace):
        problem = f"Namespace {shown(namespace)} does not exist in region {shown(region)}."
        raise ApiError("ResourceNotFound.Namespace", problem)


def find_version(function: Function, qualifier: str, code: str) -> FunctionRecord:
    """Find the version that a qualifier names; for an alias, its main version.

    :param code: the action's code for a version that does not exist
    :raises ApiError: if there is no version and no alias of that name
    """
    record = function.pinned(qualifier)
    if record is None:
        raise no_version(function, qualifier, code)
    return record


def no_version(function: Function, qualifier: str, code: str) -> ApiError:
    """Make the refusal of a qualifier that names no version and no alias."""
    names = [*function.versions, *function.aliases]
    some = ", ".join(names[:_MAX_SHOWN_QUALIFIERS])
    rest = ", ..." if len(names) > _MAX_SHOWN_QUALIFIERS else ""
    return ApiError(
        code, f"Function {function.key.name!r} has no version or alias {shown(qualifier)}; it has {some}{rest}."
    )


def shown(text: str) -> str:
    """Return a text from a request in a form that fits into a message."""
    return repr(text[:_MAX_SHOWN_CHARS])


def _elsewhere(catalogue: Catalogue, name: str) -> str:
    namesakes = catalogue.namesakes(name)[:_MAX_NAMESAKES]
    if not namesakes:
        return " No region of this local SCF has a function of that name; ListFunctions shows what there is."
    places = "; ".join(f"region {key.region}, namespace {key.namespace}" for key in namesakes)
    return f" A function of that name exists in: {places}."
