"""The official asyncio client: prints what each call answers. Arguments: host and port."""

import asyncio
import os
import sys

from tencentcloud.common import credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client_async import ScfClient

SECRET_KEY = os.environ["TENCENTCLOUD_SECRETKEY"]


def client(region="ap-guangzhou", secret_key=SECRET_KEY, unsigned=False, keep_alive=True):
    profile = ClientProfile(httpProfile=HttpProfile("http", sys.argv[1], keepAlive=keep_alive))
    profile.unsignedPayload = unsigned
    return ScfClient(credential.Credential(os.environ["TENCENTCLOUD_SECRETID"], secret_key), region, profile)


def request(kind, **fields):
    made = kind()
    for name, value in fields.items():
        setattr(made, name, value)
    return made


INVOKE = request(models.InvokeRequest, FunctionName="echo", ClientContext='{"a": 1}')
INVOKE_FUNCTION = request(models.InvokeFunctionRequest, FunctionName="echo", Event='{"a": 1}')


async def show(name, made, call):
    async with made:
        try:
            print(name, "=>", await call(made))
        except TencentCloudSDKException as e:
            print(name, "=>", e.code, bool(e.requestId))


async def invoke(made):
    return (await made.Invoke(INVOKE)).Result.RetMsg


async def invoke_function(made):
    return (await made.InvokeFunction(INVOKE_FUNCTION)).Result.RetMsg


async def list_functions(made):
    answer = await made.ListFunctions(request(models.ListFunctionsRequest, SearchKey="name-with"))
    return [function.FunctionName for function in answer.Functions], answer.TotalCount


async def get_function(made):
    answer = await made.GetFunction(request(models.GetFunctionRequest, FunctionName="echo"))
    return answer.FunctionName, answer.Handler


async def low_level(made):
    answer = await made.call_and_deserialize("InvokeFunction", {"FunctionName": "echo", "Event": None})
    return answer["Response"]["Result"]["RetMsg"]


async def many(made):
    return len(await asyncio.gather(*[invoke_function(made) for _ in range(10)]))


async def main():
    await show("Invoke", client(), invoke)
    await show("InvokeFunction", client(), invoke_function)
    await show("not kept alive", client(keep_alive=False), invoke_function)
    await show("unsigned payload", client(unsigned=True), invoke_function)
    await show("ListFunctions", client(), list_functions)
    await show("GetFunction", client(), get_function)
    await show("low level", client(), low_level)
    await show("many", client(), many)
    await show("wrong region", client(region="ap-shanghai"), invoke)
    await show("wrong key", client(secret_key="wrong"), invoke)


asyncio.run(main())
