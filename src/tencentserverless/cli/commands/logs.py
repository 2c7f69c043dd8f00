"""``scf logs``: print the logs of the last calls of a function."""

import click

from tencentserverless.cli.api.target import Place, choose_target, target_options
from tencentserverless.cli.output import printing

_MAX_CALLS = 1000


@click.command()
@click.argument("name")
@target_options
@click.option("--qualifier", help="Version; all of them unless it is given.")
@click.option("-n", "--count", type=click.IntRange(1, _MAX_CALLS), default=10, show_default=True, help="So many calls.")
@click.option("--failed", "only_failed", is_flag=True, help="Only calls that have failed, each with its error.")
@click.option("--request", metavar="ID", help="Only the call of this request id.")
@click.option("--json", "as_json", is_flag=True, help="Print what the API answered as JSON.")
def logs(
    *,
    name: str,
    place: Place,
    qualifier: str | None,
    count: int,
    only_failed: bool,
    request: str | None,
    as_json: bool,
) -> None:
    """Print the logs of the last calls of the function NAME, the oldest first.

    The cloud has retired the API behind this for functions whose logs go to CLS: there, look into CLS.
    """
    from tencentserverless.cli.api.actions import Api
    from tencentserverless.cli.output.call_logs import describe_call

    found = Api(choose_target(place)).call_function(
        "GetFunctionLogs",
        name,
        Qualifier=qualifier,
        Limit=count,
        Order="desc",
        OrderBy="start_time",
        FunctionRequestId=request,
        Filter={"RetCode": "not0"} if only_failed else None,
    )
    calls = found["Data"][::-1]
    if as_json:
        printing.answer_json(calls)
        return
    for call in calls:
        for text in describe_call(call):
            printing.answer(text)
