"""``scf doctor``: find the reason why calls fail from here."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.exits import Exit
from tencentserverless.cli.output import printing

if TYPE_CHECKING:
    from tencentserverless.cli.api.packages import Finding


def _examine(place: Place) -> "Iterator[Finding]":
    """Check the packages first: where files are missing, nothing else can be imported."""
    from tencentserverless.cli.api.packages import check_packages

    packages = check_packages()
    yield packages
    if packages.state != "failed":
        from tencentserverless.cli.api.diagnostics import examine

        yield from examine(choose_target(place))


@click.command()
@target_options
@click.option("--json", "as_json", is_flag=True, help="Print the findings as JSON.")
@click.pass_context
def doctor(ctx: click.Context, place: Place, as_json: bool) -> None:
    """Check everything that a call needs: packages, keys, endpoint, proxy, DNS, TLS, latency, clock, signature.

    No function is called and nothing is changed. If a check fails, the exit code is 16.
    """
    from dataclasses import asdict

    findings = []
    for each in _examine(place):
        findings.append(each)
        if not as_json:
            printing.answer_finding(each.state, each.name, each.text)
    if as_json:
        printing.answer_json([asdict(each) for each in findings])
    if any(each.state == "failed" for each in findings):
        ctx.exit(Exit.UNHEALTHY)
