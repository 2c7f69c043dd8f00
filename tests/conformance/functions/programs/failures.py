# -*- coding: utf8 -*-
"""What a caller of 0.1.7 can know of a function's error. Runs on 2.7 too."""

from __future__ import print_function

import json

from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentserverless import scf
from tencentserverless.exception import TencentServerlessSDKException
from tencentserverless.scf import Client


def show(name, call, *arguments, **named):
    try:
        print(name, "=> returned", call(*arguments, **named))
    except TencentServerlessSDKException as e:
        facts = e.code, e.message, e.request_id, e.response, e.stack_trace
        assert facts == (e.get_code(), e.get_message(), e.get_request_id(), e.get_response(), e.get_stack_trace())
        response = e.get_response()["Response"]
        error = json.loads(response["Result"]["RetMsg"])
        print(name, "=>", e.get_code(), "|", e.get_message(), "|", e.get_stack_trace())
        print("  of the answer:", ", ".join(sorted(response)), response["RequestId"] == e.get_request_id(), error["statusCode"])
    except TencentCloudSDKException as e:
        print(name, "=> an error of the API:", e)


client = Client(region="ap-guangzhou")
show("raises", client.invoke, "answer", data={"do": "fail", "text": u"出错了"})
show("raises, native", client.answer, do="fail", text="why")
show("raises, module", scf.invoke, "answer", region="ap-guangzhou", data={"do": "fail", "text": "why"})
show("exits", client.answer, do="exit")
show("takes too long", client.slow)
show("cannot be loaded", client["no-handler"])
