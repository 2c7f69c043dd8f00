"""``scf local list``: list the local SCFs of this user that run."""

import time

import click

from tencentserverless.cli.output import printing


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print them as JSON.")
def list_servers(as_json: bool) -> None:
    """List your local SCFs that run: address, process, start, project, and the path for --state.

    Those that tests start, and those with --unlisted, are not among them.
    """
    from tencentserverless.local.serve import describe_servers

    found = describe_servers()
    if as_json:
        printing.answer_json(found)
        return
    rows = []
    for each in found:
        started = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(each["started_at"]))
        rows.append([each["url"] or "-", str(each["pid"]), started, each["project"], each["source"] or "-"])
    printing.answer_table(["ADDRESS", "PROCESS", "STARTED", "PROJECT", "STATE"], rows)
    if not found:
        printing.notice("no local SCF runs; start one with: scf local start")
