"""The events of a function in a configuration file: timers and URLs, and others, which never fire here."""

from dataclasses import dataclass

from tencentserverless.local.project.timer_reading import TimerSource, read_component_timer
from tencentserverless.local.project.url_reading import UrlSource, is_url, read_url
from tencentserverless.local.project.yaml_nodes import Node
from tencentserverless.local.registry.timer_triggers import TIMER


@dataclass(frozen=True, slots=True)
class Events:
    """The timers and URLs of a function, and the types of its other events."""

    timers: tuple[TimerSource, ...] = ()
    others: tuple[str, ...] = ()
    urls: tuple[UrlSource, ...] = ()


def read_events(node: Node, timer_name: str) -> Events:
    """Read ``events:`` of the component scf, of its first version, and of the plugin.

    :param timer_name: the tool's name of a timer without one
    :raises StartupError: if it is no list of mappings
    """
    timers, urls, others = [], [], []
    for event in node.items():
        for kind, value in event.mapping().items():
            if value.is_absent():
                value.notice("is empty, and is ignored")
            elif kind == TIMER:
                timers.append(read_component_timer(value, timer_name))
            elif is_url(kind):
                urls.append(read_component_url(value))
            else:
                others.append(kind)
    return Events(tuple(timers), tuple(others), tuple(urls))


def read_component_url(node: Node) -> UrlSource:
    """Read a URL of the component scf.

    :raises StartupError: if it has another form
    """
    node.note_unknown(("name", "parameters", "Name", "Parameters"), "a URL")
    values = node.present()
    return read_url(node, values.get("parameters", values.get("Parameters")))
