"""The page of one function: its settings against those of its file, versions, aliases, triggers, URLs, variables."""

import json
import re
from collections.abc import Mapping

from tencentserverless.local.dashboard.overview import state_of, summary_of
from tencentserverless.local.dashboard.queries import Query, read_key
from tencentserverless.local.dashboard.sources import JsonObject, Refusal, Sources
from tencentserverless.local.registry import invocation_pages
from tencentserverless.local.registry.function import Alias, Function
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.url_triggers import HTTP

_SECRET_NAME = re.compile(
    r"(?i)secret|token|passw|pwd|credential|private|signature|cookie|session|dsn|(?:^|_)(?:api|access)?_?keys?(?:_|$)|"
    r"apikey|(?:^|_)auth(?:_|$)|(?:^|_)(?:pass|salt)(?:_|$)"
)
_SECRET_VALUE = re.compile(r"://[^/\s@]*:[^/\s@]+@|\bAKID[A-Za-z0-9]{13,}|-----BEGIN|\beyJ[\w-]{10,}\.")
_SUFFIXES = {"Python": ".py", "Nodejs": ".js", "Php": ".php"}
_MAX_SOURCE_BYTES = 1024 * 1024
_TIMER = "timer"


async def show_function(query: Query, sources: Sources) -> JsonObject:
    """Return one function, whole."""
    key = read_key(query)
    function = sources.catalogue.find_kept(key) or sources.catalogue.find(key)
    if function is None:
        raise Refusal(404, "not_found", f"there is no function {str(key)[:200]}")
    figures = (await sources.history.read(invocation_pages.list_figures(key))).get(key, ())
    kept = sources.catalogue.kept().get(key)
    record, source = function.latest, kept.source_record if kept else None
    return {
        "summary": summary_of(
            function, figures, sources.engine.count_instances(), state_of(function, sources), sources.clock()
        ),
        "source": str(kept.place) if kept and kept.place else None,
        "code_folder": str(record.code_folder),
        "entry": _entry(record),
        "settings": _settings(record, source),
        "environment": _environment(record.environment, source.environment if source else None),
        "versions": [_version(each) for each in function.versions.values()],
        "aliases": [_alias(each) for each in function.aliases.values()],
        "triggers": _triggers(function),
        "urls": sources.engine.urls_of(function),
    }


def is_secret(name: str, value: str) -> bool:
    """True if a variable looks like a secret, so that its value stays on the server."""
    return _SECRET_NAME.search(name) is not None or _SECRET_VALUE.search(value) is not None


def _entry(record: FunctionRecord) -> JsonObject | None:
    """The place of the handler in the user's code, None if it is not found."""
    module, _, name = record.handler.rpartition(".")
    path = record.code_folder / (module + _SUFFIXES.get(record.runtime.rstrip("0123456789."), ""))
    try:
        if not path.resolve().is_relative_to(record.code_folder.resolve()) or path.stat().st_size > _MAX_SOURCE_BYTES:
            return None
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except (OSError, ValueError):
        return None
    head = re.compile(rf"\s*(?:async\s+)?(?:def|function)\s+{re.escape(name)}\b|\s*exports\.{re.escape(name)}\b")
    line = next((number for number, text in enumerate(lines, 1) if head.match(text)), 1)
    return {"file": str(path), "line": line}


def _values_of(record: FunctionRecord) -> dict[str, object]:
    values: dict[str, object] = {
        "Handler": record.handler,
        "Runtime": record.runtime,
        "Type": record.type,
        "MemorySize": record.memory_mb,
        "Timeout": record.timeout_seconds,
        "InitTimeout": record.init_timeout_seconds,
        "Description": record.description,
        "AsyncRunEnable": record.runs_async,
        "RetryNum": record.async_config.retries,
        "MsgTTL": record.async_config.ttl_seconds,
        "Layers": [f"{each.name}:{each.version}" for each in record.layers],
    }
    return values | dict(record.options)


def _settings(record: FunctionRecord, source: FunctionRecord | None) -> list[JsonObject]:
    values, of_file = _values_of(record), _values_of(source) if source else {}
    names = [*values, *(name for name in of_file if name not in values)]
    return [
        {
            "name": name,
            "value": values.get(name),
            "file_value": of_file.get(name),
            "differs": source is not None and values.get(name) != of_file.get(name),
        }
        for name in names
    ]


def _environment(variables: Mapping[str, str], of_file: Mapping[str, str] | None) -> list[JsonObject]:
    names = [*variables, *(name for name in of_file or () if name not in variables)]
    found: list[JsonObject] = []
    for name in names:
        value = variables.get(name)
        covered = is_secret(name, value or "")
        differs = of_file is not None and value != of_file.get(name)
        found.append({"name": name, "value": None if covered else value, "is_covered": covered, "differs": differs})
    return found


def _version(record: FunctionRecord) -> JsonObject:
    return {
        "version": record.version,
        "description": record.description,
        "runtime": record.runtime,
        "memory_mb": record.memory_mb,
        "timeout_seconds": record.timeout_seconds,
        "changed_at": record.changed_at,
    }


def _alias(alias: Alias) -> JsonObject:
    return {
        "name": alias.name,
        "version": alias.version,
        "description": alias.description,
        "weights": [each._asdict() for each in alias.weights],
        "matches": [each._asdict() for each in alias.matches],
    }


def _triggers(function: Function) -> list[JsonObject]:
    found = [
        _trigger(timer.name, _TIMER, timer.qualifier, timer.description, timer.cron, is_enabled=timer.is_enabled)
        for timer in function.triggers.values()
    ]
    for url in function.urls.values():
        text = json.dumps({"AuthType": url.auth_type, "Intranet": url.has_intranet, "Extranet": url.has_extranet})
        found.append(_trigger(url.name, HTTP, url.qualifier, url.description, text, is_enabled=url.is_enabled))
    return found


def _trigger(name: str, kind: str, qualifier: str, description: str, text: str, *, is_enabled: bool) -> JsonObject:
    return {
        "name": name,
        "type": kind,
        "qualifier": qualifier,
        "is_enabled": is_enabled,
        "description": description,
        "text": text,
    }
