"""The commands of ``scf``: the line of each in a listing, and the file that holds it."""

from tencentserverless.cli.listing import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCAL: "Mapping[str, Row]" = {
    "start": Row("Serve the functions of a folder until told to stop.", "local.start:start"),
    "stop": Row("Stop it and all its processes.", "local.stop:stop"),
    "open": Row("Open its dashboard in your browser.", "local.open:open_dashboard"),
    "status": Row("Show its address, functions and load.", "local.status:status"),
    "list": Row("List your local SCFs that are running.", "local.list:list_servers"),
    "env": Row("Print export lines, so that clients call it.", "local.env:env"),
    "reset": Row("Remove its faults and its ledger, or delete its data.", "local.reset:reset"),
    "logs": Row("Print the output of functions and of the server.", "local.logs:local_logs"),
}

FUNCTIONS: "Mapping[str, Row]" = {
    "list": Row("List the functions of a namespace.", "functions:list_functions"),
    "show": Row("Show the configuration of a function.", "functions:show_function"),
    "delete": Row("Delete a function.", "functions:delete_function"),
}

VERSIONS: "Mapping[str, Row]" = {
    "list": Row("List the versions of a function.", "versions:list_versions"),
    "publish": Row("Publish a version, a copy of $LATEST that never changes.", "versions:publish_version"),
    "delete": Row("Delete a version.", "versions:delete_version"),
}

ALIASES: "Mapping[str, Row]" = {
    "list": Row("List the aliases of a function.", "aliases:list_aliases"),
    "set": Row("Create an alias, or move it to another version.", "aliases:set_alias"),
    "delete": Row("Delete an alias.", "aliases:delete_alias"),
}

TRIGGERS: "Mapping[str, Row]" = {
    "list": Row("List the triggers of a function.", "triggers:list_triggers"),
    "add": Row("Add a trigger, such as a timer.", "triggers:add_trigger"),
    "enable": Row("Switch a trigger on.", "triggers:enable_trigger"),
    "disable": Row("Switch a trigger off.", "triggers:disable_trigger"),
    "delete": Row("Delete a trigger.", "triggers:delete_trigger"),
}

INVOCATIONS: "Mapping[str, Row]" = {
    "list": Row("List the last asynchronous invocations of a function.", "invocations:list_invocations"),
    "show": Row("Print the result of an invocation.", "invocations:show_invocation"),
    "status": Row("Print the status of an invocation.", "invocations:show_status"),
    "cancel": Row("End an asynchronous invocation.", "invocations:cancel_invocation"),
    "dead-letters": Row(
        "List the calls that a local SCF has given up.", "invocations:list_dead_letters", "the local SCF"
    ),
}

COMMANDS: "Mapping[str, Row]" = {
    "invoke": Row("Call a function and print its result.", "invoke:invoke"),
    "map": Row("Call a function for each line of a file.", "map:map_command"),
    "curl": Row("Send a request to the URL of a function.", "curl:curl"),
    "init": Row("Create a folder for a new function, with a test.", "init:init"),
    "event": Row("Print a sample event of a trigger.", "event:event"),
    "explain": Row("Explain a status, an error code or a name.", "explain:explain"),
    "deploy": Row("Deploy the functions of a folder to the cloud or a local SCF.", "deploy:deploy", "scf deploy"),
    "functions": Row("List, show and delete functions.", FUNCTIONS),
    "versions": Row("List, publish and delete the versions of a function.", VERSIONS),
    "aliases": Row("List, set and delete the aliases of a function.", ALIASES),
    "triggers": Row("List, add and change the triggers of a function.", TRIGGERS),
    "invocations": Row("Show the results and states of past invocations.", INVOCATIONS),
    "logs": Row("Print the logs of the last calls of a function.", "logs:logs"),
    "doctor": Row("Check everything that a call needs, from packages to clock.", "doctor:doctor"),
    "local": Row("Run your functions here, behind the API of the cloud.", LOCAL, "the local SCF"),
}


def list_paths(rows: "Mapping[str, Row]" = COMMANDS, before: tuple[str, ...] = ()) -> "Iterator[tuple[str, ...]]":
    """List the words of every command, without groups: ``("local", "start")``."""
    for name, row in rows.items():
        if isinstance(row.place, str):
            yield (*before, name)
        else:
            yield from list_paths(row.place, (*before, name))
