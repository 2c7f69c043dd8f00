"""The official asyncio client: prints what each call answers. Arguments: host and port."""

import asyncio
import base64
import io
import os
import sys
import zipfile

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


async def live(made):
    """A function from its creation to its end; its name is this program's own."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as package:
        package.writestr("index.py", "def main_handler(event, context):\n    return context['function_version']\n")
    name = dict(FunctionName="async-life")
    code = models.Code()
    code.ZipFile = base64.b64encode(packed.getvalue()).decode("ascii")
    runtime = "Python%d.%d" % sys.version_info[:2]
    await made.CreateFunction(
        request(models.CreateFunctionRequest, Code=code, Handler="index.main_handler", Runtime=runtime, **name)
    )
    published = await made.PublishVersion(request(models.PublishVersionRequest, **name))
    await made.CreateAlias(request(models.CreateAliasRequest, Name="live", FunctionVersion="1", **name))
    listed = await made.ListVersionByFunction(request(models.ListVersionByFunctionRequest, **name))
    ran = await made.InvokeFunction(request(models.InvokeFunctionRequest, Qualifier="live", **name))
    logs = await made.GetFunctionLogs(request(models.GetFunctionLogsRequest, **name))
    await made.DeleteAlias(request(models.DeleteAliasRequest, Name="live", **name))
    await made.DeleteFunction(request(models.DeleteFunctionRequest, **name))
    return published.FunctionVersion, sorted(listed.FunctionVersion), ran.Result.RetMsg, logs.TotalCount


async def main():
    await show("Invoke", client(), invoke)
    await show("InvokeFunction", client(), invoke_function)
    await show("not kept alive", client(keep_alive=False), invoke_function)
    await show("unsigned payload", client(unsigned=True), invoke_function)
    await show("ListFunctions", client(), list_functions)
    await show("GetFunction", client(), get_function)
    await show("low level", client(), low_level)
    await show("many", client(), many)
    await show("life", client(), live)
    await show("wrong region", client(region="ap-shanghai"), invoke)
    await show("wrong key", client(secret_key="wrong"), invoke)


asyncio.run(main())
