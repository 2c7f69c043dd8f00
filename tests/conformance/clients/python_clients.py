"""A function's whole life by one of the Python packages that send to Tencent's API, twice over.

Run as ``python python_clients.py CLIENT ZIP ZIP``. Each client is a function that sends one action and returns the
fields of its answer, by the means that the package gives.
"""

import atexit
import base64
import json
import os
import sys
from urllib.parse import urlsplit

KEYS = os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"]
ENDPOINT = os.environ["TENCENTSERVERLESS_ENDPOINT_URL"]
REGION, VERSION = "ap-guangzhou", "2018-04-16"


class Refused(Exception):
    """The answer was an error; the text is its code."""


def kumori():
    from kumori.qcloud import core

    service = core.console.add_service("scf", VERSION)
    address = urlsplit(ENDPOINT)
    service.scheme, service.domain, service.port = address.scheme, address.hostname, address.port
    user = core.User(*KEYS, REGION)

    def ask(action, parameters):
        try:
            return getattr(user.scf, action)(**parameters)
        except core.errors.ApiError as error:
            raise Refused(error.errors["Code"]) from None

    return ask


def pyqcloud():
    from pyqcloud_sdk import QcloudBase, ServerError

    client = QcloudBase({"Module": "scf", "Version": VERSION, "EndPoint": ENDPOINT, "Region": REGION})

    def ask(action, parameters):
        try:
            return client.call(action, parameters)["Response"]
        except ServerError as error:
            raise Refused(str(error).partition("code:")[2].partition(" ")[0]) from None

    return ask


def requests_auth():
    import requests
    from qcloud_requests_auth.qcloud_auth import QCloudRequestsAuth

    def ask(action, parameters):
        auth = QCloudRequestsAuth(*KEYS, urlsplit(ENDPOINT).netloc, REGION, "scf", action, VERSION)
        response = requests.post(ENDPOINT, json=parameters, auth=auth, timeout=30).json()["Response"]
        if "Error" in response:
            raise Refused(response["Error"]["Code"])
        return response

    return ask


def qcloud_sdk_py():
    from qcloud_sdk.api import QCloudAPIClient
    from qcloud_sdk.exceptions import QCloudAPIException

    client = QCloudAPIClient(*KEYS)

    def ask(action, parameters):
        try:
            return client.request_scf_api(action, parameters, REGION)
        except QCloudAPIException as error:
            raise Refused(error.err_code) from None

    return ask


def official_async():
    import asyncio

    from tencentcloud.common.common_client_async import CommonClient
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile

    address = urlsplit(ENDPOINT)
    profile = ClientProfile(httpProfile=HttpProfile(protocol=address.scheme, endpoint=address.netloc))

    async def send(action, parameters):
        async with CommonClient("scf", VERSION, Credential(*KEYS), REGION, profile) as client:
            return await client.call_and_deserialize(action, parameters)

    def ask(action, parameters):
        try:
            return asyncio.run(send(action, parameters))["Response"]
        except TencentCloudSDKException as error:
            raise Refused(error.code) from None

    return ask


def tencent_cloud_sdk():
    import asyncio

    from tencent.cloud.auth.credentials import Credentials
    from tencent.cloud.core.errors import ActionError
    from tencent.cloud.serverless.functions import Client

    asyncio.set_event_loop(asyncio.new_event_loop())  # the client takes the one that is set
    client = Client(Credentials(*KEYS))
    client.set_access_endpoint(urlsplit(ENDPOINT).netloc)
    atexit.register(client.close)

    def ask(action, parameters):
        try:
            return client.action(REGION, action, parameters, VERSION)
        except ActionError as error:
            raise Refused(error.error_id) from None

    return ask


SENDERS = (kumori, pyqcloud, requests_auth, qcloud_sdk_py, official_async, tencent_cloud_sdk)
CLIENTS = {each.__name__: each for each in SENDERS}


def live(ask, packages):
    fn = {"FunctionName": "life"}
    first, second = packages
    made = {**fn, "Runtime": os.environ["RUNTIME"], "Handler": "index.main_handler", "Code": {"ZipFile": first}}
    told = []
    ask("CreateFunction", {**made, "Environment": {"Variables": [{"Key": "WHO", "Value": "a b+c&d=函数"}]}})

    def call():
        return json.loads(ask("Invoke", {**fn, "ClientContext": '{"text": "=&+ %/函数"}'})["Result"]["RetMsg"])

    told.append(["called", call()])
    ask("UpdateFunctionCode", {**fn, "ZipFile": second})
    ask("UpdateFunctionConfiguration", {**fn, "Timeout": 9, "Environment": {"Variables": [{"Key": "", "Value": ""}]}})
    told.append(["called", call()])
    told.append(["published", ask("PublishVersion", {**fn, "Description": "the first"})["FunctionVersion"]])
    ask("CreateTrigger", {**fn, "TriggerName": "hourly", "Type": "timer", "TriggerDesc": "0 0 */1 * * * *"})
    shown = ask("GetFunction", {**fn})
    told.append(["shown", shown["Status"], shown["Timeout"], [each["TriggerName"] for each in shown["Triggers"]]])
    filters = [{"Name": "Runtime", "Values": [os.environ["RUNTIME"], "Python2.7"]}]
    told.append(["listed", ask("ListFunctions", {"SearchKey": "life", "Filters": filters})["TotalCount"]])
    ask("DeleteFunction", {**fn})
    try:
        ask("GetFunction", {**fn})
    except Refused as refused:
        told.append(["refused", str(refused)])
    return told


if __name__ == "__main__":
    sender = CLIENTS[sys.argv[1]]()
    packed = []
    for path in sys.argv[2:]:
        with open(path, "rb") as file:
            packed.append(base64.b64encode(file.read()).decode())
    for number in (1, 2):
        print(json.dumps({"round": number, "told": live(sender, packed)}))
