"""``scf doctor``: find the reason why calls fail from here."""

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing


@click.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, place: Place, as_json: bool) -> None:
    """Look at all that a call needs: keys, endpoint, proxy, DNS, TLS, round trip, clock, signature.

    No function is called and nothing is changed. Code 16 says that something has failed.
    """
    from dataclasses import asdict

    from tencentserverless.cli.api.diagnostics import examine

    findings = []
    for each in examine(choose_target(place)):
        findings.append(each)
        if not as_json:
            printing.answer_finding(each.state, each.name, each.text)
    if as_json:
        printing.answer_json([asdict(each) for each in findings])
    if any(each.state == "failed" for each in findings):
        ctx.exit(Exit.UNHEALTHY)
