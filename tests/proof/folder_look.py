"""A function as the API says it is, in the words of ``folder_model``."""

import re
from typing import Any

from tests.proof.folder_model import AWAY, GONE, LATEST
from tests.proof.local_process import Api


def look(api: Api, name: str, has_all: bool) -> "dict[str, object]":
    """What the API says of a function. What is refused, it may have seen the folder go meanwhile, is in there."""
    answer = api.ask("GetFunction", FunctionName=name, ShowCode="TRUE")
    if "Error" in answer:
        return {"code": state_of(answer)}
    facts = {"code": word_of(answer), "memory": answer["MemorySize"], "timeout": answer["Timeout"]}
    if not facts["code"]:  # the folder is empty
        facts["code"] = state_of(api.ask("InvokeFunction", FunctionName=name, Qualifier=LATEST))
    facts["timers"] = [each["TriggerName"] for each in answer["Triggers"]]
    listed = api.ask("ListVersionByFunction", FunctionName=name, Limit=100).get("FunctionVersion", [])
    numbers = sorted(each for each in listed if each != LATEST)
    facts["versions"] = {each: word_of_version(api, name, each) for each in numbers} if has_all else numbers
    aliases = api.ask("ListAliases", FunctionName=name).get("Aliases", [])
    facts["aliases"] = {each["Name"]: each["FunctionVersion"] for each in aliases}
    facts["reserved"] = api.ask("GetReservedConcurrencyConfig", FunctionName=name).get("ReservedMem")
    return facts


def word_of_version(api: Api, name: str, version: str) -> str:
    """The word in the code of a version."""
    return word_of(api.ask("GetFunction", FunctionName=name, Qualifier=version, ShowCode="TRUE"))


def state_of(answer: "dict[str, Any]") -> str:
    """Why a function does not run."""
    error = answer.get("Error", {"Code": "", "Message": ""})
    if error["Code"] != "ResourceNotFound.Function":
        return str(answer)
    return AWAY if " is away" in error["Message"] else GONE


def word_of(answer: "dict[str, Any]") -> str:
    """The word in the code that GetFunction shows."""
    found = re.search(r"return '(\w+)'", answer["CodeInfo"])
    return found[1] if found else ""
