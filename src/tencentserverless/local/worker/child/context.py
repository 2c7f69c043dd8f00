"""The context argument of a handler: a plain dict, as the platform's page on basic concepts prints it.

Runs on Python 2.7 and 3.6+; imported by the child as ``_scf_context``. Source of keys and types:
cloud.tencent.com/document/product/583/9210.
"""

import json

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict


def make_template(facts):
    # type: (Dict[str, Any]) -> Dict[str, Any]
    """Return the part that the contexts of all calls of an instance share.

    The values are texts and numbers, so a handler can change its copy freely.

    :param facts: values that stay the same for an instance: ``function_name``, ``function_version``, ``namespace``,
        ``memory_limit_in_mb``, ``time_limit_in_ms``, ``tencentcloud_region``, ``tencentcloud_appid``,
        ``tencentcloud_uin`` and ``variables`` (the user's own, a dict)
    """
    template = dict(facts)
    variables = template.pop("variables")
    namespace = template["namespace"]
    pairs = ["SCF_NAMESPACE=" + namespace]  # the platform's own sample shows this pair twice
    pairs.extend(key + "=" + variables[key] for key in sorted(variables))
    template["environ"] = ";".join(["SCF_NAMESPACE=" + namespace] + pairs)
    template["environment"] = json.dumps(dict(variables, SCF_NAMESPACE=namespace), separators=(",", ":"))
    return template


def make_context(template, request_id):
    # type: (Dict[str, Any], str) -> Dict[str, Any]
    """Return a new context for one call, so that a handler which changes it changes no other call's context."""
    context = dict(template)
    context["request_id"] = request_id
    return context
