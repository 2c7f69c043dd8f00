"""Sample events of every trigger, and changes of their values. The data is ``sample_events.json`` beside this file.

Their shapes are those of cloud.tencent.com/document/product/583/9705 and the pages below it.
"""

import difflib
import json
from pathlib import Path
from typing import Any, NoReturn

from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output.failures import Failure


def list_samples() -> dict[str, str]:
    """List the samples: a line about each, by its name."""
    return {name: sample["about"] for name, sample in _load().items()}


def take_sample(name: str) -> Any:
    """The event of that name.

    :raises Failure: if there is none; it names the closest samples
    """
    samples = _load()
    if name not in samples:
        raise Failure(Exit.INPUT, f"there is no event {name!r}; {_suggest(name, list(samples))}")
    return samples[name]["event"]


def change(event: Any, assignment: str) -> None:
    """Set one value of an event.

    :param assignment: ``Records.0.cos.cosObject.key=photo.jpg``; a value that is JSON is taken as such, else as text
    :raises Failure: if the event has no such place
    """
    path, equals, text = assignment.partition("=")
    if not equals or not path:
        raise Failure(Exit.INPUT, f"{assignment!r} is not key=value")
    *steps, last = path.split(".")
    place = event
    for number, step in enumerate(steps):
        place = place[_key(place, step, ".".join(steps[: number + 1]))]
    place[_key(place, last, path)] = _value(text)


def _key(place: Any, step: str, path: str) -> "str | int":
    """The key of a dict, or the index in a list, that a step of a path names."""
    if isinstance(place, dict):
        if step in place:
            return step
        raise Failure(Exit.INPUT, f"the event has no {path}; {_suggest(step, list(place))}")
    if isinstance(place, list):
        if step.isdecimal() and int(step) < len(place):
            return int(step)
        raise Failure(Exit.INPUT, f"the event has no {path}; give a number below {len(place)}")
    raise Failure(Exit.INPUT, f"the event has no {path}: what is above it is no object and no list")


def _value(text: str) -> Any:
    try:
        return json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return text


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)  # NaN and Infinity are not JSON


def _suggest(word: str, words: list[str]) -> str:
    close = difflib.get_close_matches(word, words, 3, 0.5)
    return f"did you mean {' or '.join(close)}?" if close else f"there are: {', '.join(words)}"


def _load() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(__file__).with_name("sample_events.json").read_text(encoding="utf-8"))
    return found
