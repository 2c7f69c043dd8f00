"""The look-up of a function's URL with a client's settings, for both clients."""

from tencentserverless import config
from tencentserverless._base.arguments import check_name, check_seconds
from tencentserverless._base.runtime import CLOCK
from tencentserverless._core import wire
from tencentserverless._core.flow import invoke_flow
from tencentserverless._core.function_urls import url_flow
from tencentserverless._core.request import Query

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless._base.context import ClientContext
    from tencentserverless._core.flow import Flow
    from tencentserverless._core.response import Fields
    from tencentserverless.models import FunctionUrl

_ACTION = "ListTriggers"


def begin_search(
    context: "ClientContext",
    function_name: str,
    qualifier: "str | None",
    namespace: "str | None",
    region: "str | None",
    timeout: "float | None",
) -> "Flow[FunctionUrl]":
    """Make the flow that finds a URL.

    :raises TypeError, ValueError: for an argument that cannot be used
    """
    namespace = check_name("namespace", namespace or wire.DEFAULT_NAMESPACE)
    check_name("function_name", function_name)
    if qualifier is not None:
        check_name("qualifier", qualifier)
    place = config.check_region(region or context.region)
    target = context.find_target(place)
    deadline = CLOCK.monotonic() + (context.timeout_seconds if timeout is None else check_seconds("timeout", timeout))

    def ask(fields: "Fields") -> "Flow[Fields]":
        query = Query(_ACTION, fields, function_name, namespace, region=place, deadline=deadline)
        return invoke_flow(query, target, context.state, context.policy, CLOCK)

    return url_flow(function_name, namespace, qualifier, ask)
