"""Deployment of the functions of a folder: missing functions are created, existing ones are updated."""

import base64
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tencentserverless.cli.api.actions import Api, is_missing, wait_until
from tencentserverless.cli.api.target import Target
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure
from tencentserverless.cli.output.number_format import show_bytes
from tencentserverless.exception import TencentCloudSDKException

if TYPE_CHECKING:
    from tencentserverless.local.serve import Deployable, PackedCode

DEFAULT_RUNTIME = "Python3.10"  # the newest Python that the cloud documents
_MAX_TEXT_BYTES = 10_000_000  # in base64: a request has 10,485,760 bytes (cloud.tencent.com/document/api/583/17237)
_WEB = "HTTP"
_SETTLE_SECONDS = 300.0
_SETTLED = ("Active", "CreateFailed", "UpdateFailed", "PublishFailed")
_DEFAULT_RETRIES, _DEFAULT_TTL_SECONDS = 2, 21_600  # of a new function (document/product/583/51519)


class Deployment:
    """The deployment of one function to a target. Nothing is changed before ``run``.

    :param flags: parameters of the API for a function without a serverless.yml, ``Runtime`` among them. A setting that
        neither gives is the API's default in a new function, and stays as it is in an existing one
    :param code: its code, packed
    :ivar exists: True if the target has the function already
    :raises Failure: if it can't be deployed
    """

    def __init__(self, api: Api, function: "Deployable", flags: Mapping[str, object], code: "PackedCode") -> None:
        self._api = api
        self.target: Target = api.target
        self.function: "Deployable" = function
        self._flags = {} if function.is_described else dict(flags)
        self._runtime = function.runtime or self._flags.pop("Runtime", None)
        self.code: "PackedCode" = code
        self.code_bytes: int = len(code.archive)
        self._text = base64.b64encode(code.archive).decode("ascii")
        if len(self._text) > _MAX_TEXT_BYTES:
            raise Failure(
                Exit.PROJECT,
                f"{function.code_folder}: its zip file has {show_bytes(self.code_bytes)}, and a request takes "
                f"{show_bytes(_MAX_TEXT_BYTES * 3 // 4)}; put what is large into a layer, or upload it by way of COS",
            )
        found = self._find()
        self.exists: bool = found is not None
        if found is not None:
            self._refuse_what_is_fixed(found)

    def run(self) -> None:
        """Deploy it, and wait until it can be called.

        :raises Failure: if the platform could not take it
        """
        if self.exists:
            self._settle(changed=False)  # another change may be under way
            handler = self._handler if self.function.is_described or "Handler" in self._flags else None
            self._call("UpdateFunctionCode", Handler=handler, ZipFile=self._text, CodeSource="ZipFile")
            configuration = self._configuration()
            if configuration:
                self._settle()
                self._call("UpdateFunctionConfiguration", **configuration)
        else:
            self._call(
                "CreateFunction",
                Code={"ZipFile": self._text},
                Handler=self._handler,
                Runtime=self._runtime or DEFAULT_RUNTIME,
                Type=self.function.type,
                AsyncRunEnable="TRUE" if self.function.runs_async else None,
                ProtocolType=self.function.web_options.get("ProtocolType"),  # it can't be changed later
                **self._configuration(),
            )
        self._settle()
        self._put_retries()
        self._put_triggers()

    def facts(self) -> dict[str, object]:
        """The facts of this deployment, for a program."""
        return {
            "name": self.function.name,
            "region": self.function.region,
            "namespace": self.function.namespace,
            "action": "updated" if self.exists else "created",
            "code_bytes": self.code_bytes,
            "not_deployed": list(self.function.left_out),
        }

    def _find(self) -> dict[str, Any] | None:
        try:
            return self._call("GetFunction")
        except TencentCloudSDKException as error:
            if is_missing(error):
                return None
            raise

    def _refuse_what_is_fixed(self, found: dict[str, Any]) -> None:
        """Refuse changes that the API does not allow, before the first change is made."""
        fixed = [("the runtime", found["Runtime"], self._runtime or found["Runtime"])]
        if self.function.is_described:
            runs_async = "TRUE" if self.function.runs_async else "FALSE"
            fixed.append(("the type", found["Type"], self.function.type))
            fixed.append(("AsyncRunEnable", found.get("AsyncRunEnable") or "FALSE", runs_async))
        for what, there, wanted in fixed:
            if there != wanted:
                name = self.function.name
                raise Failure(
                    Exit.PROJECT,
                    f"{name}: {what} is {there} there and {wanted} here, and can't be changed; deploy under another "
                    f"name, or delete it first with: scf functions delete {name}",
                )

    @property
    def _handler(self) -> object:
        return self._flags.get("Handler", self.function.handler)

    def _configuration(self) -> dict[str, object]:
        function = self.function
        if not function.is_described:
            return {name: value for name, value in self._flags.items() if name != "Handler"}
        variables = [{"Key": key, "Value": value} for key, value in function.environment.items()]
        return {
            "Description": function.description,
            "MemorySize": function.memory_mb,
            "Timeout": function.timeout_seconds,
            "InitTimeout": function.init_timeout_seconds,
            "Environment": {"Variables": variables},
            **{name: value for name, value in function.web_options.items() if name != "ProtocolType"},
            # a file without layers leaves those that the target has
            "Layers": [{"LayerName": each.name, "LayerVersion": each.version} for each in function.layers] or None,
        }

    def _settle(self, *, changed: bool = True) -> None:
        """Wait until no change is under way: the cloud refuses the next one until then.

        :param changed: True after our own change, whose failure is reported
        """
        status = ""

        def has_settled() -> bool:
            nonlocal status
            status = self._call("GetFunction")["Status"]
            return status in _SETTLED

        if not wait_until(has_settled, _SETTLE_SECONDS):
            raise Failure(Exit.API, f"{self.function.name}: still {status} after {_SETTLE_SECONDS:.0f} seconds")
        if status == "CreateFailed" or (changed and status == "UpdateFailed"):
            reason = self._call("GetFunction").get("StatusDesc") or "no reason is given"
            raise Failure(Exit.API, f"{self.function.name}: {status}: {reason}; run: scf explain {status}")

    def _put_retries(self) -> None:
        function = self.function
        if not function.is_described or function.type == _WEB:  # a web function has no asynchronous calls
            return
        if not self.exists and (function.retries, function.ttl_seconds) == (_DEFAULT_RETRIES, _DEFAULT_TTL_SECONDS):
            return
        config = {"RetryConfig": [{"RetryNum": function.retries}], "MsgTTL": function.ttl_seconds}
        self._call("UpdateFunctionEventInvokeConfig", AsyncTriggerConfig=config)

    def _put_triggers(self) -> None:
        """Create the timers and URLs that are not there and change the others. Other triggers stay."""
        if not (self.function.timers or self.function.urls):
            return
        found = self._call("ListTriggers", Limit=100)["Triggers"]
        self._put_timers({each["TriggerName"] for each in found if each["Type"] == "timer"})
        self._put_urls([each for each in found if each["Type"] == "http"])

    def _put_timers(self, there: set[str]) -> None:
        for timer in self.function.timers:
            self._call(
                "UpdateTrigger" if timer.name in there else "CreateTrigger",
                TriggerName=timer.name,
                Type="timer",
                TriggerDesc=json.dumps({"cron": timer.cron}),
                Qualifier=timer.qualifier,
                Enable="OPEN" if timer.is_enabled else "CLOSE",
                CustomArgument=timer.argument,
            )

    def _put_urls(self, there: list[dict[str, Any]]) -> None:
        """A version or alias has one URL: the console gives it a name of its own, which stays."""
        for url in self.function.urls:
            names = {each["Qualifier"]: each["TriggerName"] for each in there}
            name = url.name if url.name in names.values() else names.get(url.qualifier)
            self._call(
                "CreateTrigger" if name is None else "UpdateTrigger",
                TriggerName=name or url.name,
                Type="http",
                TriggerDesc=json.dumps(url.trigger_desc()),
                Qualifier=url.qualifier,
                Enable="OPEN",
            )

    def _call(self, action: str, **parameters: object) -> dict[str, Any]:
        names = {"FunctionName": self.function.name, "Namespace": self.function.namespace}
        return self._api.call(action, **names, **parameters)
