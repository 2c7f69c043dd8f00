"""Calls another function of the same server with the SDK, as the spec's programs do."""

from tencentserverless import scf


def main_handler(event, context):
    depth = event.get("depth", 0)
    if depth:
        return scf.invoke("caller", data={"depth": depth - 1}).json() + 1
    return scf.invoke("echo", region="ap-guangzhou", data={"from": context["tencentcloud_region"]}).json() and 0
