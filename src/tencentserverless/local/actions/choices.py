"""Parameters that take one of a few words, as documented and in the letter case of clients known to differ."""

from collections.abc import Sequence

from tencentserverless._core import wire
from tencentserverless.local.refusals import ApiError

TRUE, FALSE = "TRUE", "FALSE"
SWITCH = (TRUE, FALSE)
ASCENDING, DESCENDING = "ASC", "DESC"
ORDERS = (ASCENDING, DESCENDING)

#: What is sent -> what it means. A closed list: any other letter case is refused, as a typing error should be.
_VARIANTS = {
    # What Python's str(True) and JSON's true come to where a client turns its own booleans into text. The pages
    # themselves disagree: DeleteFunctionVersion.ForceDelete is documented in lower case, every other switch in upper.
    "True": TRUE,
    "true": TRUE,
    "False": FALSE,
    "false": FALSE,
    # GetFunctionLogs documents asc and desc, every other action ASC and DESC; clients have one word for all.
    "asc": ASCENDING,
    "desc": DESCENDING,
    "ASC": "asc",
    "DESC": "desc",
    # scfcli (remote invoke) checks --invocationtype and --logtype without regard to case and sends them as typed;
    # its own list of them is in lower case.
    "requestresponse": wire.SYNC,
    "event": wire.EVENT,
    "none": "None",
    "tail": "Tail",
}


def choose(
    name: str, value: str | None, allowed: Sequence[str], default: str, code: str = "InvalidParameterValue"
) -> str:
    """The word that is meant, spelt as documented.

    :param default: where nothing is sent, or an empty text
    :param code: of the refusal
    :raises ApiError: if it is none of those allowed
    """
    if not value:
        return default
    if value in allowed:
        return value
    meant = _VARIANTS.get(value, "")
    if meant in allowed:
        return meant
    raise ApiError(code, f"{name} must be one of {', '.join(allowed)}, not {value[:64]!r}.")


def is_switched_on(name: str, value: str | None, code: str = "InvalidParameterValue") -> bool:
    """Whether a switch that is off by default is on.

    :raises ApiError: if it is neither
    """
    return choose(name, value, SWITCH, FALSE, code) == TRUE
