"""CreateFunction, UpdateFunctionCode, UpdateFunctionConfiguration and DeleteFunction.

Sources: cloud.tencent.com/document/api/583/18586 (CreateFunction), 18581 (UpdateFunctionCode), 18580
(UpdateFunctionConfiguration) and 18585 (DeleteFunction). All answer when the change is stored; then the status of a
function is Active, at the cloud's pace after a while. Slow steps come first; the change of the catalogue is last.
"""

import asyncio
import dataclasses
from pathlib import Path

import msgspec

from tencentserverless._core import wire
from tencentserverless.local.actions import function_code
from tencentserverless.local.actions.function_code import CodeTable, Terms
from tencentserverless.local.actions.function_layers import check_layers, check_size, settled_bytes
from tencentserverless.local.actions.function_settings import ConfigurationTable, configured
from tencentserverless.local.actions.lookup import check_name, check_namespace, find_function, folder_is_away
from tencentserverless.local.actions.parameters import Action, Call, Table, choose, is_switched_on
from tencentserverless.local.actions.versions import (
    check_provisioning,
    check_version_limit,
    delete_version,
    publish,
)
from tencentserverless.local.actions.web_settings import check_web_settings
from tencentserverless.local.errors import ApiError, StartupError
from tencentserverless.local.function_folders import follow_folder
from tencentserverless.local.pace import CREATING, DELETING, UPDATING, Change
from tencentserverless.local.registry.function import Function, new_function
from tencentserverless.local.registry.function_version import (
    HANDLER,
    MAX_NAMES_CHARS,
    WEB,
    FunctionKey,
    FunctionRecord,
    Package,
    is_other_handler,
)
from tencentserverless.local.services import Services, drain_versions
from tencentserverless.local.settings import REGION_NAME
from tencentserverless.local.worker.interpreters import is_known, name_doubt

_CODE_REFUSED = "FailedOperation.UpdateFunctionCode"
DEFAULT_RUNTIME = "Python2.7"  # document/api/583/18586
DEFAULT_HANDLER = "index.main_handler"  # the handler that the console sets
FUNCTIONS_PER_NAMESPACE = 50  # document/product/583/11637

_CREATING = Terms(failed="FailedOperation.CreateFunction", no_object="ResourceNotFound.CosObject")
_UPDATING = Terms(failed="FailedOperation.UpdateFunctionCode")

#: Runtimes whose handlers have the form file.function; handlers of other runtimes have other forms.
_FILE_RUNTIMES = ("Python", "Nodejs", "Php")


class TagTable(Table, frozen=True):
    """The structure Tag."""

    Key: str
    Value: str


class CreateFunctionTable(ConfigurationTable, frozen=True):
    """Parameters of CreateFunction."""

    Code: CodeTable | None = None
    Handler: str | None = None
    Type: str | None = None
    CodeSource: str | None = None
    Tags: list[TagTable] | None = None
    AsyncRunEnable: str | None = None
    TraceEnable: str | None = None
    AutoDeployClsTopicIndex: str | None = None
    AutoCreateClsTopic: str | None = None
    ProtocolType: str | None = None
    # Unpublished. tencent-component-toolkit 2.27.6 sends the first two in every creation, the others if they are set.
    DeployMode: str | None = None
    L5Enable: str | None = None
    NodeType: str | None = None
    NodeSpec: str | None = None
    # Unpublished. @cloudbase/manager-node 5.6.5 sends it in every creation.
    Stamp: str | None = None


class UpdateFunctionConfigurationTable(ConfigurationTable, frozen=True):
    """Parameters of UpdateFunctionConfiguration."""

    Publish: str | None = None
    L5Enable: str | None = None
    IgnoreSysLog: bool | None = None
    # Unpublished. Tencent's deploy tools send both if they are set.
    AsyncRunEnable: str | None = None
    TraceEnable: str | None = None


class UpdateFunctionCodeTable(Table, frozen=True):
    """Parameters of UpdateFunctionCode."""

    FunctionName: str
    Handler: str | None = None
    CosBucketName: str | None = None
    CosObjectName: str | None = None
    ZipFile: str | None = None
    Namespace: str | None = None
    CosBucketRegion: str | None = None
    InstallDependency: str | None = None
    EnvId: str | None = None
    Publish: str | None = None
    Code: CodeTable | None = None
    CodeSource: str | None = None


class DeleteFunctionTable(Table, frozen=True):
    """Parameters of DeleteFunction."""

    FunctionName: str
    Namespace: str | None = None
    Qualifier: str | None = None


async def create_function(parameters: CreateFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """Create a function from a zip file, which is in the request or in COS."""
    key = FunctionKey(call.region, parameters.Namespace or wire.DEFAULT_NAMESPACE, parameters.FunctionName)
    _check_place(services, key)
    check_web_settings(parameters)
    record = configured(_new_record(parameters, key, services.clock()), parameters)
    if parameters.Code is None:
        raise ApiError("MissingParameter.Code", "The request is missing a required parameter `Code`.")
    source = function_code.find_source(
        parameters.Code, parameters.CodeSource, ("ZipFile", "Cos", "Demo"), _CREATING, has_cos=_has_cos(services)
    )
    check_layers(services, record)
    await _prepare(services, record)
    draft = await function_code.unpack(services, source, _CREATING)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)

    def check() -> None:
        _check_place(services, key)
        check_layers(services, record)
        check_size(services, record, draft.unpacked_bytes, "InvalidParameterValue.Layers")

    package = function_code.adopt(services, draft, check)
    with function_code.keeping(services, _CREATING.failed):
        services.catalogue.put(new_function(_with_code(record, package)))
    services.pace.begin(key, Change(CREATING))
    return {}


async def update_function_code(
    parameters: UpdateFunctionCodeTable, call: Call, services: Services
) -> dict[str, object]:
    """Replace the code of ``$LATEST``; calls from now on run it."""
    function = find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)
    services.pace.check(function.key, _CODE_REFUSED)
    if parameters.Handler is not None:
        _check_handler(parameters.Handler, function.latest.runtime, function.latest.type)
    publishes = is_switched_on("Publish", parameters.Publish)
    is_switched_on("InstallDependency", parameters.InstallDependency)
    if publishes:
        check_version_limit(function)
    code, code_source, sources = _code_of(parameters)
    source = function_code.find_source(code, code_source, sources, _UPDATING, has_cos=_has_cos(services))
    draft = await function_code.unpack(services, source, _UPDATING)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)

    def find() -> Function:
        services.pace.check(function.key, _CODE_REFUSED)
        return find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)

    package = function_code.adopt(
        services, draft, lambda: check_size(services, find().latest, draft.unpacked_bytes, _UPDATING.form)
    )
    latest = _with_code(find().latest, package)
    if parameters.Handler is not None:
        latest = dataclasses.replace(latest, handler=parameters.Handler)
    with function_code.keeping(services, _UPDATING.failed):
        _change(services, find(), dataclasses.replace(latest, changed_at=services.clock()))
    if publishes:
        await publish(services, function.key, None)
    return {}


async def update_function_configuration(
    parameters: UpdateFunctionConfigurationTable, call: Call, services: Services
) -> dict[str, object]:
    """Change the configuration of ``$LATEST``; calls from now on use it."""
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)

    def find() -> Function:
        return find_function(services.catalogue, call.region, parameters.Namespace, parameters.FunctionName)

    size_bytes = await settled_bytes(lambda: find().latest) if parameters.Layers else 0
    function = find()
    services.pace.check(function.key, "FailedOperation.UpdateFunctionConfiguration")
    latest = function.latest
    publishes = is_switched_on("Publish", parameters.Publish)
    if publishes:
        check_version_limit(function)
    if parameters.AsyncRunEnable and is_switched_on("AsyncRunEnable", parameters.AsyncRunEnable) != latest.runs_async:
        words = f"AsyncRunEnable is fixed at the creation: {parameters.AsyncRunEnable} of the update has no effect"
        services.console.show(f"[{latest.key.name}] {words}")
    if parameters.Runtime is not None and parameters.Runtime != latest.runtime:
        raise ApiError(
            "InvalidParameterValue.Runtime",
            f"Runtime can't be changed: function {latest.key.name!r} has {latest.runtime}. Create it anew instead.",
        )
    check_web_settings(parameters)
    changed = dataclasses.replace(configured(latest, parameters), changed_at=services.clock())
    if parameters.Layers:
        check_layers(services, changed, latest.layers)
        check_size(services, changed, size_bytes, "InvalidParameterValue.Layers")
    _change(services, function, changed)
    if publishes:
        await publish(services, function.key, None)
    return {}


async def delete_function(parameters: DeleteFunctionTable, call: Call, services: Services) -> dict[str, object]:
    """Delete a function with everything that belongs to it, or one version of it. The user's folder stays unchanged."""

    def find() -> Function:
        return find_function(
            services.catalogue, call.region, parameters.Namespace, parameters.FunctionName, also_away=True
        )

    if parameters.Qualifier:
        return delete_version(services, find(), parameters.Qualifier, is_forced=False)
    await follow_folder(services, call.region, parameters.Namespace, parameters.FunctionName)
    function = find()
    services.pace.check(function.key, "FailedOperation.DeleteFunction")
    check_provisioning(services, function, "FailedOperation.ProvisionedInProgress")
    services.catalogue.remove(function.key, lingers=services.pace.is_on)
    services.queue.disown(function.key)
    drain_versions(services, function.versions.values())
    services.timers.reschedule()
    services.pace.begin(function.key, Change(DELETING, on_end=lambda: services.catalogue.forget(function.key)))
    return {}


ACTIONS = {
    "CreateFunction": Action(msgspec.json.Decoder(CreateFunctionTable), create_function),
    "UpdateFunctionCode": Action(msgspec.json.Decoder(UpdateFunctionCodeTable), update_function_code),
    "UpdateFunctionConfiguration": Action(
        msgspec.json.Decoder(UpdateFunctionConfigurationTable), update_function_configuration
    ),
    "DeleteFunction": Action(msgspec.json.Decoder(DeleteFunctionTable), delete_function),
}


def check_new_name(services: Services, key: FunctionKey) -> None:
    """Refuse a key that no function can have: by its name, its region, or a namespace that is missing.

    :raises ApiError: with the code of CreateFunction
    """
    check_name(key.name, "InvalidParameterValue.FunctionName")
    if not REGION_NAME.match(key.region):
        raise ApiError("UnsupportedRegion", f"X-TC-Region {key.region[:64]!r} is no region, such as ap-guangzhou.")
    check_namespace(services.catalogue, key.region, key.namespace)
    if len(key.namespace) + len(key.name) > MAX_NAMES_CHARS:
        raise ApiError(
            "InvalidParameterValue.FunctionName",
            f"Namespace and FunctionName have more than {MAX_NAMES_CHARS} characters together.",
        )


def check_function_limit(services: Services, key: FunctionKey) -> None:
    """Refuse one more function in a namespace that is full.

    :raises ApiError: if it is
    """
    if len(services.catalogue.functions(key.region, key.namespace)) >= FUNCTIONS_PER_NAMESPACE:
        raise ApiError(
            "LimitExceeded.Function", f"Namespace {key.namespace!r} has {FUNCTIONS_PER_NAMESPACE} functions already."
        )


def _check_place(services: Services, key: FunctionKey) -> None:
    """Refuse a name that is taken, or a namespace that is missing or full."""
    check_new_name(services, key)
    away = services.catalogue.find_away(key)
    if away is not None:
        raise folder_is_away(away, "ResourceInUse.Function")
    if services.catalogue.find(key) is not None:
        raise ApiError(
            "ResourceInUse.Function",
            f"Function {key.name!r} exists already in region {key.region}, namespace {key.namespace}; "
            "UpdateFunctionCode and UpdateFunctionConfiguration change it.",
        )
    check_function_limit(services, key)


def _new_record(parameters: CreateFunctionTable, key: FunctionKey, now: float) -> FunctionRecord:
    """Make a record with the request's values and defaults, without code."""
    runtime = DEFAULT_RUNTIME if parameters.Runtime is None else parameters.Runtime
    if not is_known(runtime):
        raise ApiError("InvalidParameterValue.Runtime", f"Runtime {runtime[:64]!r} does not exist.")
    handler = DEFAULT_HANDLER if parameters.Handler is None else parameters.Handler
    kind = choose("Type", parameters.Type, ("Event", WEB), "Event", "InvalidParameterValue.Type")
    _check_handler(handler, runtime, kind)
    if parameters.ProtocolType and kind != WEB:
        raise ApiError(
            "InvalidParameterValue.ProtocolType", "ProtocolType is a setting of web functions: Type must be HTTP."
        )
    choose("ProtocolType", parameters.ProtocolType, ("WS",), "", "InvalidParameterValue.ProtocolType")
    choose("DeployMode", parameters.DeployMode, ("code", "image"), "code")
    runs_async = is_switched_on(
        "AsyncRunEnable", parameters.AsyncRunEnable, "InvalidParameterValue.AsyncRunEnable"
    )  # fixed at the creation
    return FunctionRecord(
        key, handler, runtime, Path(), type=kind, created_at=now, changed_at=now, runs_async=runs_async
    )


def _check_handler(handler: str, runtime: str, kind: str) -> None:
    """Check the form of a handler; that of a web function means nothing."""
    is_file = runtime.startswith(_FILE_RUNTIMES) and kind != WEB
    if not (HANDLER.match(handler) if is_file else is_other_handler(handler)):
        raise ApiError(
            "InvalidParameterValue.Handler",
            f"Handler must be 'file.function', each 2 to 60 characters, such as {DEFAULT_HANDLER}, "
            f"not {handler[:130]!r}.",
        )


async def _prepare(services: Services, record: FunctionRecord) -> None:
    """Find the interpreter of a runtime that no other function uses yet; doubts about the runtime are shown."""
    if doubt := name_doubt(record.runtime):
        services.console.show(f"[{record.key.name}] {doubt}")
    interpreters = services.interpreters
    told = len(interpreters.warnings)
    try:
        await asyncio.to_thread(interpreters.prepare, {record.runtime})
    except StartupError as error:
        raise ApiError("InvalidParameterValue.Runtime", f"{error}.") from error
    for warning in interpreters.warnings[told:]:
        services.console.show(f"warning: {warning}")


def _has_cos(services: Services) -> bool:
    """True if code can come from the folder of ``--cos``."""
    return services.settings.cos is not None


def _with_code(record: FunctionRecord, package: Package) -> FunctionRecord:
    return dataclasses.replace(record, package=package, code_folder=package.folder)


def _change(services: Services, function: Function, latest: FunctionRecord) -> None:
    """Store a change of ``$LATEST``. Calls run the old one until the function is Active again."""
    services.catalogue.put(function.with_latest(latest))
    old = function.latest
    services.pace.begin(function.key, Change(UPDATING, old=old, on_end=lambda: drain_versions(services, [old])))


def _code_of(parameters: UpdateFunctionCodeTable) -> tuple[CodeTable, str | None, tuple[str, ...]]:
    """Return the code of a request, from the structure Code or from the fields beside it."""
    table = parameters.Code or CodeTable()
    beside = {
        name: value
        for name in ("ZipFile", "CosBucketName", "CosObjectName", "CosBucketRegion")
        if (value := getattr(parameters, name)) is not None and getattr(table, name) is None
    }
    return msgspec.structs.replace(table, **beside), parameters.CodeSource, ("ZipFile", "Cos", "Inline")
