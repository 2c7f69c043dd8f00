"""Returns what the event names, good or bad."""

import os
import sys


def main_handler(event, context):
    return globals()["do_" + event["do"]](event)


def do_nothing(event):
    return None


def do_say(event):
    return event["text"]


def do_log(event):
    print(event["text"])
    return "logged"


def do_keys(event):
    return {name: os.environ["TENCENTCLOUD_" + name] for name in ("SECRETID", "SECRETKEY", "SESSIONTOKEN")}


def do_fail(event):
    raise ValueError(event["text"])


def do_exit(event):
    os._exit(3)


def do_version(event):
    return "%d.%d" % sys.version_info[:2]
