"""What Terraform's provider for Tencent Cloud sends for ``tencentcloud_scf_trigger`` of type http, twice over.

The requests are those of ``resource_tc_scf_trigger.go`` (tencentcloudstack/terraform-provider-tencentcloud), and the
TriggerDesc is the one of its page, as Terraform's ``jsonencode`` writes it. Run as
``python terraform_urls.py ZIP ...``.
"""

import base64
import json
import sys
import urllib.request
from pathlib import Path

from terraform import FN, apply, describe, destroy, send

NAME = {**FN, "TriggerName": "url-trigger", "Type": "http"}
PAGE = (
    '{"ApiGwCompatible":true,"AuthType":"NONE","CorsConfig":{"Credentials":false,"Enable":false,"MaxAge":0},'
    '"EnableSimpleMode":false,"NetConfig":{"EnableExtranet":false,"EnableIntranet":true}}'
)
CHANGED = (
    '{"ApiGwCompatible":false,"AuthType":"NONE","CorsConfig":{"Credentials":true,"Enable":true,"Headers":["*"],'
    '"MaxAge":600,"Methods":["GET"],"Origins":["https://a.example"]},'
    '"EnableSimpleMode":true,"NetConfig":{"EnableExtranet":true,"EnableIntranet":false}}'
)


def read():
    """The trigger by its name; None if it is not there."""
    only = [{"Name": "TriggerName", "Values": ["url-trigger"]}]
    found = send("ListTriggers", {**FN, "Filters": only, "Offset": 0, "Limit": 20}).Triggers
    return found[0] if found else None


def keep(shown, wanted):
    """Those of the fields that the configuration has, as the provider compares them."""
    if not isinstance(shown, dict) or not isinstance(wanted, dict):
        return shown
    return {name: keep(value, wanted[name]) for name, value in sorted(shown.items()) if name in wanted}


def plan(configured, enable):
    """What differs between the configuration and the trigger that is there."""
    trigger = read()
    described = json.dumps(keep(json.loads(trigger.TriggerDesc), json.loads(configured)), separators=(",", ":"))
    seen = {"trigger_desc": described, "enable": "OPEN" if trigger.Enable == 1 else "CLOSE"}
    wanted = {"trigger_desc": configured, "enable": enable}
    return {name: value for name, value in seen.items() if value != wanted[name]}


def call():
    """The answer of the URL, which is found as the provider's users find it, in trigger_attribute."""
    address = json.loads(read().TriggerDesc)["NetConfig"]["LocalUrl"]
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with opener.open(address + "/path?x=1", timeout=30) as answer:
        who, event, _ = json.load(answer)
    return [answer.status, who, event["path"], "requestContext" in event]


def live(code):
    told = []
    apply(code, {}, [])
    version = send("PublishVersion", {**FN, "Description": "tftest1"}).FunctionVersion
    made = send("CreateTrigger", {**NAME, "Qualifier": version, "TriggerDesc": PAGE, "Enable": "OPEN"}).TriggerInfo
    told.append(["created", made.TriggerName, made.Qualifier, plan(PAGE, "OPEN"), read().AvailableStatus, call()])
    url = json.loads(read().TriggerDesc)["NetConfig"]["LocalUrl"]
    send("UpdateTrigger", {**NAME, "Qualifier": version, "TriggerDesc": CHANGED, "Enable": "OPEN"})
    told.append(
        ["updated", plan(CHANGED, "OPEN"), call(), json.loads(read().TriggerDesc)["NetConfig"]["LocalUrl"] == url]
    )
    send("UpdateTrigger", {**NAME, "Qualifier": version, "TriggerDesc": CHANGED, "Enable": "CLOSE"})
    told.append(["closed", plan(CHANGED, "CLOSE"), [each.Type for each in describe().Triggers]])
    send("DeleteTrigger", {**NAME, "Qualifier": version, "TriggerDesc": CHANGED})
    told.append(["deleted", read()])
    told.append(["destroyed", destroy()])
    return told


if __name__ == "__main__":
    packed = base64.b64encode(Path(sys.argv[1]).read_bytes()).decode()
    for number in (1, 2):
        print(json.dumps({"round": number, "told": live(packed)}))
