# -*- coding: utf8 -*-
"""Every form of a call that 0.1.7 has, as a program and as a function that calls functions. Runs on 2.7 too."""

from __future__ import print_function

import os

from tencentserverless import scf
from tencentserverless.scf import Client


def collect():
    client = Client(region="ap-guangzhou")
    keyed = Client(
        secret_id=os.environ["TENCENTCLOUD_SECRETID"],
        secret_key=os.environ["TENCENTCLOUD_SECRETKEY"],
        token=os.environ["TENCENTCLOUD_SESSIONTOKEN"],
    )
    before = keyed.secret_id, keyed.token
    return [
        ("scf.invoke", scf.invoke("FuncInvoked", region="ap-guangzhou", data={"a": "b"})),
        (
            "scf.invoke, positional",
            scf.invoke(
                "elsewhere",
                "ap-guangzhou",
                os.environ["TENCENTCLOUD_SECRETID"],
                os.environ["TENCENTCLOUD_SECRETKEY"],
                os.environ["TENCENTCLOUD_SESSIONTOKEN"],
                "other",
                "Tail",
                "$LATEST",
                "RequestResponse",
                {"a": 1},
            ),
        ),
        ("scf.invoke, no data", scf.invoke("echo")),
        ("Client.invoke", client.invoke("FuncInvoked", data={"a": "b"})),
        (
            "Client.invoke, positional",
            client.invoke("elsewhere", "other", "None", "$LATEST", "RequestResponse", {"a": 1}),
        ),
        (
            "Client.invoke, named",
            client.invoke(
                function_name="elsewhere",
                namespace="other",
                log_type="Tail",
                qualifier="$DEFAULT",
                invocation_type="RequestResponse",
                data={"a": 1},
            ),
        ),
        ("Client.invoke, explicit keys", keyed.invoke("echo", data={"a": 1})),
        ("explicit keys stay readable", before == (keyed.secret_id, keyed.token)),
        ("attribute", client.echo(key="value")),
        ("attribute, no event", client.echo()),
        (
            "attribute, options",
            client.elsewhere(
                namespace="other",
                qualifier="$LATEST",
                log_type="Tail",
                invocation_type="RequestResponse",
                key="value",
            ),
        ),
        ("item", client["name-with-dash"](key="value")),
        ("call", client.call("name-with-dash")(key="value")),
        ("kept handle", [call(n=1) for call in [client.echo] * 2][1]),
        ("other region", Client(region="ap-chengdu").invoke("chengdu-echo", data={"a": 1})),
        ("region", client.region),
        ("list", client.invoke("echo", data=[1, 2.5, -3e30, None, True, False, [], {}, ""])),
        ("text", client.invoke("echo", data="text with \"quotes\", \\ and \n")),
        ("number", client.invoke("echo", data=2**53)),
        ("unicode", client.invoke("echo", data={u"键": u"值 \U0001f600 \u2028"})),
        ("unicode keywords", client.invoke("answer", data={"do": "say", "text": u"你好"})),
        ("returns None", client.answer(do="nothing")),
        ("returns text that looks like an error", client.answer(do="say", text='{"errorCode": 1}')),
        ("6 KB", len(client.invoke("echo", data="x" * 6000))),
        ("500 KB", len(client.invoke("echo", data=[u"键值"] * 50000))),
        ("is text", isinstance(client.echo(), type(u"")) or isinstance(client.echo(), str)),
    ]


def main_handler(event, context):
    return [[name, result] for name, result in collect()]


if __name__ == "__main__":
    for name, result in collect():
        print(name, "=>", result)
