"""Every error of the SDK has words and a code of its own."""

import pytest

from tencentserverless import exception
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure, mark_action, translate
from tencentserverless.exception import (
    APIError,
    AuthFailure,
    ConnectError,
    CredentialError,
    FunctionError,
    FunctionThrottled,
    ResultTimeout,
    ServerError,
    TencentCloudSDKException,
)
from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.models import Verdict


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (
            FunctionError(1, "words", status_code=430, executed=Verdict.YES),
            Exit.FUNCTION,
            "FunctionError 430: words; the function ran; run: scf explain 430",
        ),
        (
            FunctionThrottled(-1, "words", executed=Verdict.NO),
            Exit.FUNCTION,
            "FunctionThrottled -1: words; the function did not run",
        ),
        (
            APIError("InternalError", "words"),
            Exit.API,
            "InternalError: words; the function may have run; run: scf explain InternalError",
        ),
        (
            AuthFailure("AuthFailure.SecretIdNotFound", "words", executed=Verdict.NO),
            Exit.CREDENTIALS,
            "AuthFailure.SecretIdNotFound: words; the function did not run; run: scf explain AuthFailure.",
        ),
        (CredentialError("InvalidCredential", "words"), Exit.CREDENTIALS, "InvalidCredential: words"),
        (ConnectError("ClientNetworkError", "words"), Exit.NETWORK, "ClientNetworkError: words"),
        (ServerError("ServerNetworkError", "words"), Exit.NETWORK, "ServerNetworkError: words; the function may"),
        (TencentCloudSDKException("AuthFailure.X", "words"), Exit.CREDENTIALS, "AuthFailure.X: words"),
        (TencentCloudSDKException("ClientNetworkError", "words"), Exit.NETWORK, "ClientNetworkError: words"),
        (TencentCloudSDKException("LimitExceeded", "words"), Exit.API, "LimitExceeded: words"),
        (
            ResultTimeout("ClientNetworkError", "words"),
            Exit.NETWORK,
            "ClientNetworkError: words; the function may have run; run: scf explain ResultTimeout",
        ),
        (
            APIError("ResourceInUse", "It is bound to: prod.", executed=Verdict.NO),
            Exit.API,
            "ResourceInUse: It is bound to: prod; the function did not run; run: scf explain ResourceInUse",
        ),
        (StartupError(Reason.SECRETS, "words"), Exit.SECRETS, "words"),
        (Failure(Exit.INPUT, "words"), Exit.INPUT, "words"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_an_error_has_its_words_and_its_code(error, code, text):
    failure = translate(error)
    assert failure.code is code
    assert str(failure).startswith(text)


def test_no_error_of_the_sdk_is_forgotten():
    classes = [getattr(exception, name) for name in exception.__all__]
    assert all(translate(each("Code", "words")) is not None for each in classes)


@pytest.mark.parametrize("trace", ["line one\nline two", ["line one", "line two"]])
def test_the_functions_traceback_is_the_detail(trace):
    assert translate(FunctionError(1, "words", stack_trace=trace)).detail == "line one\nline two"


def test_an_unknown_error_is_not_translated():
    assert translate(KeyError("x")) is None


@pytest.mark.parametrize(
    ("error", "only_reads", "text"),
    [
        (
            APIError("FailedOperation.DeleteFunction", "It is Creating."),
            False,
            "FailedOperation.DeleteFunction: It is Creating; run: scf explain FailedOperation.DeleteFunction",
        ),
        (
            ServerError("ServerNetworkError", "lost"),
            False,
            (
                "ServerNetworkError: lost; DeleteFunction may be done: look before you repeat it; "
                "run: scf explain ServerNetworkError"
            ),
        ),
        (
            ServerError("ServerNetworkError", "lost"),
            True,
            "ServerNetworkError: lost; run: scf explain ServerNetworkError",
        ),
        (
            ServerError("ServerNetworkError", "lost", executed=Verdict.NO),
            False,
            "ServerNetworkError: lost; run: scf explain ServerNetworkError",
        ),
    ],
)
def test_an_action_that_calls_no_function_says_nothing_of_one_that_ran(error, only_reads, text):
    mark_action(error, "DeleteFunction", only_reads=only_reads)
    assert str(translate(error)) == text
