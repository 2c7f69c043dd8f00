"""The commands of ``scf``: the line of each in a listing, and the file that holds it."""

from collections.abc import Iterator, Mapping

from tencentserverless.cli.lazy import Row

LOCAL: Mapping[str, Row] = {
    "start": Row("Serve the functions of a folder until told to stop.", "local.start:start"),
    "stop": Row("Stop it, with all that it has started.", "local.stop:stop"),
    "status": Row("Show its functions, and what it is doing.", "local.status:status"),
    "list": Row("List your local SCFs that run.", "local.list:list_servers"),
    "env": Row("Print export lines that lead clients to it.", "local.env:env"),
    "reset": Row("End its faults and empty its ledger, or forget what it kept.", "local.reset:reset"),
    "logs": Row("Print what functions and the server have written.", "local.logs:local_logs"),
}

FUNCTIONS: Mapping[str, Row] = {
    "list": Row("List the functions of a namespace.", "functions:list_functions"),
    "show": Row("Show the configuration of a function.", "functions:show_function"),
    "delete": Row("Delete a function.", "functions:delete_function"),
}

VERSIONS: Mapping[str, Row] = {
    "list": Row("List the versions of a function.", "versions:list_versions"),
    "publish": Row("Publish a version: a copy of $LATEST that never changes.", "versions:publish_version"),
    "delete": Row("Delete a version.", "versions:delete_version"),
}

ALIASES: Mapping[str, Row] = {
    "list": Row("List the aliases of a function.", "aliases:list_aliases"),
    "set": Row("Create an alias, or let it lead to another version.", "aliases:set_alias"),
    "delete": Row("Delete an alias.", "aliases:delete_alias"),
}

TRIGGERS: Mapping[str, Row] = {
    "list": Row("List the triggers of a function.", "triggers:list_triggers"),
    "add": Row("Add a trigger, such as a timer.", "triggers:add_trigger"),
    "enable": Row("Switch a trigger on.", "triggers:enable_trigger"),
    "disable": Row("Switch a trigger off.", "triggers:disable_trigger"),
    "delete": Row("Delete a trigger.", "triggers:delete_trigger"),
}

INVOCATIONS: Mapping[str, Row] = {
    "list": Row("List the last asynchronous invocations of a function.", "invocations:list_invocations"),
    "show": Row("Print the result of an invocation.", "invocations:show_invocation"),
    "status": Row("Print the status of an invocation.", "invocations:show_status"),
    "cancel": Row("End an asynchronous invocation.", "invocations:cancel_invocation"),
    "dead-letters": Row("List what a local SCF has given up.", "invocations:list_dead_letters", "the local SCF"),
}

COMMANDS: Mapping[str, Row] = {
    "invoke": Row("Call a function and print what it returns.", "invoke:invoke"),
    "map": Row("Call a function for each line of a file.", "map:map_command"),
    "init": Row("Make the folder of a new function, with a test.", "init:init"),
    "event": Row("Print a sample event of a trigger.", "event:event"),
    "explain": Row("Say what a status or an error code means.", "explain:explain"),
    "deploy": Row("Bring the functions of a folder to the cloud or a local SCF.", "deploy:deploy", "scf deploy"),
    "functions": Row("Functions of the cloud or of a local SCF.", FUNCTIONS),
    "versions": Row("Versions of a function.", VERSIONS),
    "aliases": Row("Aliases of a function, which lead to versions.", ALIASES),
    "triggers": Row("Triggers of a function, such as timers.", TRIGGERS),
    "invocations": Row("Results and states of past invocations, by request id.", INVOCATIONS),
    "logs": Row("Print the logs of the last calls of a function.", "logs:logs"),
    "doctor": Row("Look at all that a call needs, from keys to clock.", "doctor:doctor"),
    "local": Row("The local SCF: your functions behind the cloud's API, here.", LOCAL, "the local SCF"),
}


def list_paths(rows: Mapping[str, Row] = COMMANDS, before: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """List the words of every command, without groups: ``("local", "start")``."""
    for name, row in rows.items():
        if isinstance(row.place, str):
            yield (*before, name)
        else:
            yield from list_paths(row.place, (*before, name))
