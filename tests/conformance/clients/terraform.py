"""What Terraform's provider for Tencent Cloud sends for a function, in its order, twice over: apply, apply, destroy.

The provider is a program in Go on the official SDK for Go. This one sends the same requests by the official SDK for
Python: those of ``service_tencentcloud_scf.go`` (tencentcloudstack/terraform-provider-tencentcloud). Run as
``python terraform.py ZIP ZIP``.
"""

import base64
import json
import os
import sys
from urllib.parse import urlsplit

from tencentcloud.common.credential import Credential
from tencentcloud.common.exception.tencent_cloud_sdk_exception import TencentCloudSDKException
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.scf.v20180416 import models
from tencentcloud.scf.v20180416.scf_client import ScfClient

ADDRESS = urlsplit(os.environ["TENCENTSERVERLESS_ENDPOINT_URL"])
KEYS = Credential(os.environ["TENCENTCLOUD_SECRET_ID"], os.environ["TENCENTCLOUD_SECRET_KEY"])
PROFILE = ClientProfile(httpProfile=HttpProfile(protocol=ADDRESS.scheme, endpoint=ADDRESS.netloc))
CLIENT = ScfClient(KEYS, "ap-guangzhou", PROFILE)
FN = {"FunctionName": "applied", "Namespace": "default"}
NOT_FOUND = ("ResourceNotFound.Function", "ResourceNotFound.FunctionName")
NO_VARIABLES = [{"Key": "", "Value": ""}]
NO_LAYERS = [{"LayerName": "", "LayerVersion": 0}]


def send(action, parameters):
    request = getattr(models, f"{action}Request")()
    request._deserialize(parameters)
    return getattr(CLIENT, action)(request)


def describe():
    """The function; None if it is not there."""
    try:
        return send("GetFunction", FN)
    except TencentCloudSDKException as error:
        if error.code not in NOT_FOUND:
            raise
        return None


def apply(code, variables, triggers):
    """Create the function, or bring the one that is there to this state; the provider waits until it is Active."""
    seen = describe()
    settings = {"MemorySize": 128, "Timeout": 3, "Runtime": os.environ["RUNTIME"], "Description": ""}
    network = {"PublicNetConfig": {"PublicNetStatus": "ENABLE", "EipConfig": {"EipStatus": "DISABLE"}}}
    listed = [{"Key": key, "Value": value} for key, value in variables.items()]
    if seen is None:
        made = {**FN, **settings, **network, "Handler": "index.main_handler", "Code": {"ZipFile": code}}
        tags = [{"Key": "by", "Value": "terraform"}]
        more = {"Environment": {"Variables": listed}} if listed else {}
        send("CreateFunction", {**made, **more, "Tags": tags, "Type": "Event", "AsyncRunEnable": "FALSE"})
        old = []
    else:
        send("UpdateFunctionCode", {**FN, "Handler": "index.main_handler", "Code": {"ZipFile": code}})
        changed = {**settings, **network, "Environment": {"Variables": listed or NO_VARIABLES}}
        switches = {"L5Enable": "FALSE", "DnsCache": "FALSE"}
        send("UpdateFunctionConfiguration", {**FN, **changed, **switches, "Layers": NO_LAYERS})
        old = [(each.TriggerName, json.loads(each.TriggerDesc)["cron"]) for each in seen.Triggers]
    assert describe().Status == "Active"
    for name, cron in old:
        if (name, cron) not in triggers:
            send("DeleteTrigger", {**FN, "TriggerName": name, "Type": "timer", "TriggerDesc": cron})
    for name, cron in triggers:
        if (name, cron) not in old:
            timer = {"TriggerName": name, "Type": "timer", "TriggerDesc": cron, "Enable": "OPEN"}
            send("CreateTrigger", {**FN, **timer})


def destroy():
    send("DeleteFunction", FN)
    return describe() is None


def live(first, second):
    told = []

    def call():
        return json.loads(send("InvokeFunction", {**FN, "Event": "7"}).Result.RetMsg)

    apply(first, {"WHO": "terraform"}, [("hourly", "0 0 */1 * * * *")])
    told.append(["called", call()])
    for _ in range(2):  # a second apply of the same state changes nothing
        apply(second, {}, [("daily", "0 0 2 * * * *")])
        shown = describe()
        told.append(["called", call(), [each.TriggerName for each in shown.Triggers], shown.Environment.Variables])
    told.append(["destroyed", destroy()])
    return told


if __name__ == "__main__":
    packed = []
    for path in sys.argv[1:]:
        with open(path, "rb") as file:
            packed.append(base64.b64encode(file.read()).decode())
    for number in (1, 2):
        print(json.dumps({"round": number, "told": live(*packed)}))
