"""The commands of ``scf``: the line of each in a listing, and the file that holds it."""

from tencentserverless.cli.listing import Row

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCAL: "Mapping[str, Row]" = {
    "start": Row("Serve the functions of a folder until told to stop.", "local.start:start"),
    "stop": Row("Stop it and all its processes.", "local.stop:stop"),
    "status": Row("Show its address, functions and load.", "local.status:status"),
    "env": Row("Print export lines, so that clients call it.", "local.env:env"),
    "reset": Row("Remove its faults and its ledger, or delete its data.", "local.reset:reset"),
    "logs": Row("Print the output of functions and of the server.", "local.logs:local_logs"),
}

FUNCTIONS: "Mapping[str, Row]" = {
    "list": Row("List the functions of a namespace.", "functions:list_functions"),
    "show": Row("Show the configuration of a function.", "functions:show_function"),
    "delete": Row("Delete a function.", "functions:delete_function"),
}

COMMANDS: "Mapping[str, Row]" = {
    "invoke": Row("Call a function and print its result.", "invoke:invoke"),
    "map": Row("Call a function for each line of a file.", "map:map_command"),
    "init": Row("Create a folder for a new function, with a test.", "init:init"),
    "event": Row("Print a sample event of a trigger.", "event:event"),
    "explain": Row("Explain a status, an error code or a name.", "explain:explain"),
    "deploy": Row("Deploy the functions of a folder to the cloud or a local SCF.", "deploy:deploy", "scf deploy"),
    "functions": Row("List, show and delete functions.", FUNCTIONS),
    "logs": Row("Print the logs of the last calls of a function.", "logs:logs"),
    "doctor": Row("Check everything that a call needs, from packages to clock.", "doctor:doctor"),
    "local": Row("Run your functions on this machine, behind the API of the cloud.", LOCAL, "the local SCF"),
}


def list_paths(rows: "Mapping[str, Row]" = COMMANDS, before: tuple[str, ...] = ()) -> "Iterator[tuple[str, ...]]":
    """List the words of every command, without groups: ``("local", "start")``."""
    for name, row in rows.items():
        if isinstance(row.place, str):
            yield (*before, name)
        else:
            yield from list_paths(row.place, (*before, name))
