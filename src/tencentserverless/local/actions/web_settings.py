"""The settings of web functions in CreateFunction and UpdateFunctionConfiguration, checked.

Source: cloud.tencent.com/document/api/583/17244 (ProtocolParams, WSParams, InstanceConcurrencyConfig, SessionConfig).
"""

from tencentserverless.local.actions.function_settings import (
    ConfigurationTable,
    InstanceConcurrencyTable,
    ProtocolParamsTable,
    SessionConfigTable,
)
from tencentserverless.local.actions.parameters import SWITCH, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.function_version import (
    CONCURRENT_REQUESTS,
    SESSION_NAME,
    WEBSOCKET_IDLE_SECONDS,
)

_CONCURRENCY = "InvalidParameterValue.InstanceConcurrencyConfig"
_SESSION_SOURCES = ("HEADER", "COOKIE", "QUERY_STRING")
_STRATEGIES = ("FATAL", "PAUSE")


def check_web_settings(given: ConfigurationTable) -> None:
    """Check the settings of web functions among those of a function.

    :raises ApiError: with the platform's code, if a value is invalid
    """
    if given.InstanceConcurrencyConfig is not None:
        _check_concurrency(given.InstanceConcurrencyConfig)
    if given.ProtocolParams is not None:
        _check_websocket(given.ProtocolParams)


def _check_concurrency(given: InstanceConcurrencyTable) -> None:
    choose("DynamicEnabled", given.DynamicEnabled, SWITCH, "", _CONCURRENCY)  # an empty text switches it off
    if given.MaxConcurrency is not None and given.MaxConcurrency not in CONCURRENT_REQUESTS:
        raise ApiError(
            _CONCURRENCY,
            f"MaxConcurrency must be {CONCURRENT_REQUESTS.start} to {CONCURRENT_REQUESTS.stop - 1} requests, "
            f"not {given.MaxConcurrency}.",
        )
    if given.SessionConfig is not None:
        _check_session(given.SessionConfig)


def _check_session(given: SessionConfigTable) -> None:
    choose("SessionSource", given.SessionSource, _SESSION_SOURCES, "", _CONCURRENCY)
    choose("IdleTimeoutStrategy", given.IdleTimeoutStrategy, _STRATEGIES, "", _CONCURRENCY)
    if given.SessionName and not SESSION_NAME.match(given.SessionName):
        raise ApiError(
            "FailedOperation.SessionName",
            f"SessionName must be 5 to 40 letters, digits, '-' or '_', a letter first, not {given.SessionName[:64]!r}.",
        )
    if given.SessionSource and not given.SessionName:
        raise ApiError("FailedOperation.SessionName", "SessionConfig has a SessionSource and no SessionName.")


def _check_websocket(given: ProtocolParamsTable) -> None:
    seconds = given.WSParams.IdleTimeOut if given.WSParams is not None else None
    if seconds is not None and seconds not in WEBSOCKET_IDLE_SECONDS:
        raise ApiError(
            "InvalidParameterValue",
            f"IdleTimeOut must be {WEBSOCKET_IDLE_SECONDS.start} to {WEBSOCKET_IDLE_SECONDS.stop - 1} seconds, "
            f"not {seconds}.",
        )
