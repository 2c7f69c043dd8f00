"""Reads the TriggerDesc of a function URL, field by field.

Source: cloud.tencent.com/document/product/583/100227. Fields of NetConfig that answers have, such as ExtranetUrl, are
passed over: clients send back what they have read.
"""

import msgspec

from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.url_triggers import (
    AUTH_TYPES,
    CORS_TEXT_RULE,
    MAX_AGE_SECONDS,
    MAX_CORS_VALUES,
    Cors,
    is_cors_text,
)

_CODE, _CORS_CODE = "InvalidParameterValue.TriggerDesc", "InvalidParameterValue.Cors"
_FIELDS = ("AuthType", "NetConfig", "CorsConfig", "ApiGwCompatible", "EnableSimpleMode")
_CORS_FIELDS = ("Enable", "Origins", "Headers", "Methods", "ExposeHeaders", "MaxAge", "Credentials")
_MAX_CHARS = 64 * 1024  # ours
_EXAMPLE = '{"AuthType": "NONE", "NetConfig": {"EnableIntranet": false, "EnableExtranet": true}}'


def read_description(text: str) -> dict[str, object]:
    """Return the values of a TriggerDesc, by the names of the fields of ``UrlTrigger``.

    :raises ApiError: if it can't be read, with the platform's code and the field
    """
    values = _present(_decoded(text), "")
    _check_names(values, _FIELDS, "", _CODE)
    net = values.get("NetConfig")
    if net is None:
        raise ApiError(_CODE, f"TriggerDesc has no NetConfig; it is like {_EXAMPLE}.")
    net = _present(net, "NetConfig")
    cors = values.get("CorsConfig")
    return {
        "auth_type": _auth_type(values.get("AuthType")),
        "has_intranet": bool(_switch(net, "EnableIntranet", "NetConfig.", _CODE)),
        "has_extranet": bool(_switch(net, "EnableExtranet", "NetConfig.", _CODE)),
        "cors": None if cors is None else _read_cors(_present(cors, "CorsConfig", _CORS_CODE)),
        "is_apigw": _switch(values, "ApiGwCompatible", "", _CODE),
        "is_simple": _switch(values, "EnableSimpleMode", "", _CODE),
    }


def _decoded(text: str) -> object:
    if len(text) > _MAX_CHARS:
        raise ApiError(_CODE, f"TriggerDesc is over {_MAX_CHARS} characters.")
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, RecursionError) as error:
        problem = f"TriggerDesc {shown(text)} is no JSON: {str(error).rstrip('.')[:200]}; it is like {_EXAMPLE}."
        raise ApiError(_CODE, problem) from None


def _present(value: object, name: str, code: str = _CODE) -> dict[str, object]:
    """Return an object without its null values."""
    if not isinstance(value, dict):
        raise ApiError(code, f"{_named(name)} must be an object, not {_kind(value)}; TriggerDesc is like {_EXAMPLE}.")
    return {key: each for key, each in value.items() if each is not None}


def _check_names(values: dict[str, object], known: tuple[str, ...], place: str, code: str) -> None:
    for name in values:
        if name not in known:
            raise ApiError(code, f"{_named(place)} has no field {shown(name)}; there are {', '.join(known)}.")


def _auth_type(value: object) -> str:
    if value is None:
        raise ApiError(_CODE, f"TriggerDesc has no AuthType; it is one of {', '.join(AUTH_TYPES)}.")
    if value not in AUTH_TYPES:
        words = shown(value) if isinstance(value, str) else _kind(value)
        raise ApiError(_CODE, f"AuthType of TriggerDesc must be one of {', '.join(AUTH_TYPES)}, not {words}.")
    return str(value)


def _switch(values: dict[str, object], name: str, place: str, code: str) -> bool | None:
    value = values.get(name)
    if value is None or isinstance(value, bool):
        return value
    words = shown(value) if isinstance(value, str) else _kind(value)
    raise ApiError(code, f"{place}{name} of TriggerDesc must be true or false, not {words}.")


def _read_cors(values: dict[str, object]) -> Cors:
    _check_names(values, _CORS_FIELDS, "CorsConfig", _CORS_CODE)
    is_enabled = _switch(values, "Enable", "CorsConfig.", _CORS_CODE)
    if is_enabled is None:
        raise ApiError(_CORS_CODE, "CorsConfig of TriggerDesc has no Enable; it is true or false.")
    origins = _texts(values, "Origins")
    if is_enabled and not origins:
        raise ApiError(_CORS_CODE, 'CorsConfig of TriggerDesc has no Origins, such as ["https://example.com"].')
    return Cors(
        is_enabled,
        origins,
        _texts(values, "Headers"),
        tuple(each.upper() for each in _texts(values, "Methods")),
        _texts(values, "ExposeHeaders"),
        _max_age(values.get("MaxAge")),
        _switch(values, "Credentials", "CorsConfig.", _CORS_CODE),
    )


def _texts(values: dict[str, object], name: str) -> tuple[str, ...]:
    found = values.get(name)
    if found is None:
        return ()
    if not isinstance(found, list) or len(found) > MAX_CORS_VALUES:
        problem = f"must be a list of at most {MAX_CORS_VALUES} texts, not {_kind(found)}"
        raise ApiError(_CORS_CODE, f"CorsConfig.{name} of TriggerDesc {problem}.")
    for each in found:
        if not isinstance(each, str) or not is_cors_text(each):
            words = shown(each) if isinstance(each, str) else _kind(each)
            problem = f"{words}, which is no {CORS_TEXT_RULE}"
            raise ApiError(_CORS_CODE, f"CorsConfig.{name} of TriggerDesc has {problem}.")
    return tuple(found)


def _max_age(value: object) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or value not in MAX_AGE_SECONDS:
        words = shown(value) if isinstance(value, str) else repr(value)[:64]
        problem = f"CorsConfig.MaxAge of TriggerDesc must be 0 to {MAX_AGE_SECONDS[-1]} seconds, not {words}."
        raise ApiError(_CORS_CODE, problem)
    return value


def _named(name: str) -> str:
    return f"{name} of TriggerDesc" if name else "TriggerDesc"


def _kind(value: object) -> str:
    if isinstance(value, list):
        return f"a list of {len(value)}"
    names = {dict: "an object", str: "a text", bool: "true or false", int: "a number", float: "a number"}
    return names.get(type(value), "null")
