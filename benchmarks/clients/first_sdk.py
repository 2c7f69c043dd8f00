"""The first call of an SDK in a new process."""

import json


def call_ours(text):
    from tencentserverless.scf import Client

    settings = json.loads(text)
    client = Client(
        "ap-guangzhou", "AKIDbenchmark", "the-secret-key", endpoint=settings["url"], ca_file=settings["ca_file"]
    )
    return client.invoke("hello", data={"name": "benchmark", "count": 3})


def call_official(text):
    import sdks

    return sdks.prepare_official(json.loads(text))()


def call_old(text):
    import sdks

    return sdks.prepare_old(json.loads(text))()
