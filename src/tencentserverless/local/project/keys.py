"""The keys of each kind of file, with their effect here and for ``scf deploy``: docs/reference/projects.md shows them.

Sources: docs/configure.md and src of serverless-components/tencent-scf 0.9.10 and tencent-multi-scf; lib/modules/scf of
tencent-component-toolkit 2.27.6; docs/configure.md of serverless-tencent-scf 3.0.9 (first version) and the examples of
0.1.36 (plugin); tcfcli/common/tcsam of tencentyun/scfcli; docs.cloudbase.net/cli-v1/functions/configs;
the config.json files of tencentyun/scf-demo-repo.
"""

import enum
from collections.abc import Iterator, Mapping
from typing import NamedTuple


class Effect(enum.Enum):
    """The effect of a key: on the local SCF, and on a deployment."""

    BOTH = ("yes", "yes")
    LOCAL = ("yes", "named as not deployed")
    SHOWN = ("named as without effect; GetFunction shows it", "named as not deployed")
    NONE = ("named as without effect", "named as not deployed")
    READ = ("read for other keys", "read for other keys")
    BUILT = ("with both, `dist` is the code, and `hook` is named and not run; else no effect", "likewise")


def _spread(effect: Effect, names: str) -> dict[str, Effect]:
    return dict.fromkeys(names.split(), effect)


#: Keys of a function in the words of the component scf; other files' keys are read as these.
FUNCTION_KEYS: Mapping[str, Effect] = {
    **_spread(Effect.BOTH, "src type name namespace handler runtime region description memorySize timeout initTimeout"),
    **_spread(Effect.BOTH, "environment asyncRunEnable retryNum msgTTL events layers"),
    **_spread(Effect.BOTH, "protocolType protocolParams instanceConcurrencyConfig"),
    **_spread(Effect.SHOWN, "role tags traceEnable vpcConfig"),
    **_spread(
        Effect.NONE,
        "entryFile publicAccess eip l5Enable installDependency ignoreTriggers cfs deadLetter cls image "
        "imageConfig provisionedNum qualifier publish traffic enableRoleAuth diskSize "
        "deployMode nodeType nodeSpec autoCreateApi publishDescription needSetTraffic "
        "aliasName aliasDescription aliasFunctionVersion additionalVersionWeights lastVersion",
    ),
}

SOURCE_KEYS: Mapping[str, Effect] = {
    **_spread(Effect.BOTH, "src exclude include"),
    **_spread(Effect.BUILT, "dist hook"),
    **_spread(Effect.NONE, "bucket object"),
}

TIMER_KEYS: Mapping[str, Effect] = _spread(Effect.BOTH, "name qualifier cronExpression argument enable")

#: Of a function URL, `http`. The last two are not the tool's: scf deploy sends them.
URL_KEYS: Mapping[str, Effect] = _spread(
    Effect.BOTH, "name qualifier netConfig authType corsConfig apiGwCompatible enableSimpleMode"
)
URL_NET_KEYS: Mapping[str, Effect] = _spread(Effect.BOTH, "enableIntranet enableExtranet")
URL_CORS_KEYS: Mapping[str, Effect] = _spread(
    Effect.BOTH, "enable origins methods headers exposeHeaders credentials maxAge"
)


class Kind(NamedTuple):
    """A kind of file, and its tables of keys by the place in the file.

    :param title: for the page
    """

    title: str
    tables: Mapping[str, Mapping[str, Effect]]


_TOP_KEYS = {
    **_spread(Effect.READ, "app stage org name component inputs"),
    **_spread(Effect.NONE, "commandInputs globalOptions"),
}
_MULTI_KEYS = {
    **_spread(Effect.READ, "functions triggers"),
    **{key: effect for key, effect in FUNCTION_KEYS.items() if key not in ("environment", "events")},
    **_spread(Effect.BOTH, "environments"),
    **_spread(Effect.SHOWN, "vpc"),
    **_spread(Effect.NONE, "isAutoPublish key"),
}
_FIRST_KEYS = {
    **{key: effect for key, effect in FUNCTION_KEYS.items() if key in "name namespace handler runtime region".split()},
    **_spread(Effect.BOTH, "codeUri description memorySize timeout environment events exclude layers"),
    **_spread(Effect.SHOWN, "role tags vpcConfig"),
    **_spread(Effect.NONE, "enableRoleAuth include fromClientRemark"),
}
_SERVICE_KEYS = {
    **_spread(Effect.READ, "service provider functions"),
    **_spread(Effect.BOTH, "package"),
    **_spread(Effect.NONE, "plugins custom app org frameworkVersion"),
}
_PROVIDER_KEYS = {
    **_spread(Effect.READ, "name stage"),
    **_spread(Effect.BOTH, "runtime region memorySize timeout environment description"),
    **_spread(Effect.SHOWN, "role vpcConfig"),
    **_spread(Effect.NONE, "credentials cosBucket enableRoleAuth apiGateway"),
}
_PLUGIN_KEYS = {
    **_spread(Effect.BOTH, "handler runtime description memorySize timeout environment events"),
    **_spread(Effect.SHOWN, "role vpcConfig"),
}
_SAM_KEYS = {
    **_spread(Effect.BOTH, "CodeUri Handler Runtime Description MemorySize Timeout Environment Events Type"),
    **_spread(Effect.SHOWN, "Role VpcConfig"),
    **_spread(Effect.NONE, "LocalZipFile Policies Layers Tags"),
}
_CLOUDBASE_KEYS = {
    **_spread(Effect.LOCAL, "name type dir handler runtime timeout memorySize envVariables triggers ignore"),
    **_spread(Effect.LOCAL, "functionDistPath functionPath layers"),
    **_spread(Effect.LOCAL, "protocolType protocolParams instanceConcurrencyConfig"),
    **_spread(Effect.SHOWN, "vpc"),
    **_spread(
        Effect.NONE,
        "installDependency codeSecret params aclRule publicNet eip config",
    ),
}

_CONSOLE_KEYS = {
    **_spread(Effect.LOCAL, "name description handler runtime memorySize timeout Environment Events"),
    **_spread(Effect.NONE, "VpcConfig codeObject"),
}

SCF = Kind("`component: scf`", {"": _TOP_KEYS, "inputs": FUNCTION_KEYS, "inputs.src": SOURCE_KEYS})
MULTI = Kind("`component: multi-scf`", {"": _TOP_KEYS, "inputs, and each of inputs.functions": _MULTI_KEYS})
FIRST = Kind('`component: "@serverless/tencent-scf"`', {"NAME.inputs": _FIRST_KEYS})
PLUGIN = Kind(
    "`provider: name: tencent`", {"": _SERVICE_KEYS, "provider": _PROVIDER_KEYS, "functions.NAME": _PLUGIN_KEYS}
)
SAM = Kind("`TencentCloud::Serverless::Function`", {"Properties, and Globals.Function": _SAM_KEYS})
CLOUDBASE = Kind("`cloudbaserc.json`", {"functions[], and functionDefaultConfig": _CLOUDBASE_KEYS})
CONSOLE = Kind("`config.json` of a template of the console", {"functions": _CONSOLE_KEYS})
KINDS = (SCF, MULTI, FIRST, PLUGIN, SAM, CLOUDBASE, CONSOLE)


def idle_keys(keys: Mapping[str, Effect]) -> Iterator[str]:
    """Yield the known keys that change nothing on one machine."""
    return (key for key, effect in keys.items() if effect in (Effect.NONE, Effect.SHOWN, Effect.BUILT))
