"""Finds the function that a request names, or says helpfully that there is none."""

from dataclasses import dataclass

from tencentserverless._core import wire
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.catalogue import Catalogue
from tencentserverless.local.registry.function import Function
from tencentserverless.local.registry.records import FUNCTION_NAME, FunctionKey, FunctionRecord

_MAX_SHOWN_CHARS = 64
_MAX_NAMESAKES = 5
_MAX_SHOWN_QUALIFIERS = 10


@dataclass(frozen=True, slots=True)
class Codes:
    """Which codes an action's page lists for a name that is none, and for what does not exist."""

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
    """The function of that name.

    :param codes: those that the action's page lists
    :param also_away: its folder need not be there
    :raises ApiError: if there is none, with the regions and namespaces where one of that name is
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
    """Refuse a version whose code is away with its folder.

    :param code: of the refusal
    :raises ApiError: if it is
    """
    if record.package is None and catalogue.find_away(record.key) is not None:
        raise folder_is_away(function, code)


def folder_is_away(function: Function, code: str) -> ApiError:
    """The refusal of what needs a folder that is not there."""
    name, folder = function.key.name, function.latest.code_folder
    return ApiError(
        code,
        f"The folder of function {name!r} is away: {folder} holds it no more. All that belongs to the function is kept "
        "until the folder is back, or until DeleteFunction.",
    )


def check_name(name: str, code: str) -> None:
    """Refuse what is no function name.

    :raises ApiError: if it is none
    """
    if not FUNCTION_NAME.match(name):
        raise ApiError(
            code,
            f"FunctionName {shown(name)} is no function name: 2 to 60 letters, digits, '-' or '_', a letter first, "
            "a letter or digit last.",
        )


def check_namespace(catalogue: Catalogue, region: str, namespace: str) -> None:
    """Refuse a namespace that does not exist.

    :raises ApiError: if it does not
    """
    if not catalogue.has_namespace(region, namespace):
        problem = f"Namespace {shown(namespace)} does not exist in region {shown(region)}."
        raise ApiError("ResourceNotFound.Namespace", problem)


def find_version(function: Function, qualifier: str, code: str) -> FunctionRecord:
    """The version that a qualifier names; of an alias its main one.

    :param code: the action's code for one that does not exist
    :raises ApiError: if there is neither a version nor an alias of that name
    """
    record = function.pinned(qualifier)
    if record is None:
        raise no_version(function, qualifier, code)
    return record


def no_version(function: Function, qualifier: str, code: str) -> ApiError:
    """The refusal of a qualifier that names nothing."""
    names = [*function.versions, *function.aliases]
    some = ", ".join(names[:_MAX_SHOWN_QUALIFIERS])
    rest = ", ..." if len(names) > _MAX_SHOWN_QUALIFIERS else ""
    return ApiError(
        code, f"Function {function.key.name!r} has no version or alias {shown(qualifier)}; it has {some}{rest}."
    )


def shown(text: str) -> str:
    """A text from a request, as a message can hold it."""
    return repr(text[:_MAX_SHOWN_CHARS])


def _elsewhere(catalogue: Catalogue, name: str) -> str:
    namesakes = catalogue.namesakes(name)[:_MAX_NAMESAKES]
    if not namesakes:
        return " No region of this local SCF has a function of that name; ListFunctions shows what there is."
    places = "; ".join(f"region {key.region}, namespace {key.namespace}" for key in namesakes)
    return f" A function of that name exists in: {places}."
