# -*- coding: utf8 -*-
"""What a caller of 0.1.7 can know of an error that is not the function's. Runs on 2.7 too."""

from __future__ import print_function

import os

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentserverless import scf
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.scf import Client

SECRET_ID = os.environ["TENCENTCLOUD_SECRETID"]
SECRET_KEY = os.environ["TENCENTCLOUD_SECRETKEY"]


def show(name, call, *arguments, **named):
    try:
        print(name, "=>", call(*arguments, **named))
    except TencentServerlessSDKException as e:
        print(name, "=> a function's error:", e)
    except TencentCloudSDKException as e:
        assert (e.code, e.message, e.requestId) == (e.get_code(), e.get_message(), e.get_request_id())
        print(name, "=>", e.get_code(), "|", e.get_message(), "|", bool(e.get_request_id()))
    except Exception as e:
        print(name, "=>", type(e).__name__)


client = Client(region="ap-guangzhou")
show("unknown function", client.invoke, "nobody")
show("unknown function, native", client.nobody, a=1)
show("unknown function, module", scf.invoke, "nobody", region="ap-guangzhou")
show("wrong namespace", client.invoke, "echo", namespace="nowhere")
show("other namespace", client.elsewhere, a=1)
show("wrong region", scf.invoke, "echo", region="ap-shanghai")
show("unknown qualifier", client.invoke, "echo", qualifier="7")
show("no such name", client.invoke, "-")
show("web function", client.web)
show("wrong key", scf.invoke, "echo", secret_id=SECRET_ID, secret_key="wrong")
show("wrong id", scf.invoke, "echo", secret_id="AKIDwrong", secret_key=SECRET_KEY)
show("wrong token", scf.invoke, "echo", secret_id=SECRET_ID, secret_key=SECRET_KEY, token="wrong")
show("unserialisable", client.invoke, "echo", data={"a": object()})
