# -*- coding: utf8 -*-
"""Runs on Python 2.7 too."""

from __future__ import print_function

import os
import sys


def text(value):
    return value.decode("utf-8") if isinstance(value, bytes) else value


def main_handler(event, context):
    print(u"printed 你好")
    if event.get("raise"):
        raise ValueError("old trouble")
    if event.get("sdk"):
        from tencentserverless import scf

        return scf.invoke("echo", data={"via": "sdk"}).json()
    return {
        "version": "%d.%d" % sys.version_info[:2],
        "event": event,
        "greeting": text(os.environ["GREETING"]),
        "context_greeting": "GREETING" in context["environ"],
        "text": u"返回",
    }
