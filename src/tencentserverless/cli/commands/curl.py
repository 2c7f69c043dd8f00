"""``scf curl``: send a request to the URL of a function."""

import click

from tencentserverless.cli.api.completion import complete_function
from tencentserverless.cli.api.target import Place, choose_target, target_options


@click.command()
@click.argument("name", shell_complete=complete_function)
@click.argument("path", default="/")
@click.option("-X", "--request", "method", metavar="METHOD", help="Method.  [default: GET, with -d POST]")
@click.option(
    "-H", "--header", "headers", metavar="HEADER", multiple=True, help="Header of the request: 'Name: value'."
)
@click.option("-d", "--data", metavar="DATA", help="Body; @FILE sends a file, and @- standard input.")
@click.option("-i", "--include", "shows_head", is_flag=True, help="Print the answer's status and headers first.")
@target_options
@click.option("--qualifier", help="Version or alias.  [default: $DEFAULT, else $LATEST, else the only one]")
@click.option("--cam/--no-cam", "is_signed", default=None, help="Sign the request.  [default: if its AuthType is CAM]")
@click.option("--uin", metavar="UIN", help="The account's, for a signature.  [default: TENCENTCLOUD_UIN]")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    metavar="SECONDS",
    default=910.0,
    show_default=True,
    help="Give up when nothing has come for so long.",
)
def curl(
    *,
    name: str,
    path: str,
    method: str | None,
    headers: tuple[str, ...],
    data: str | None,
    shows_head: bool,
    place: Place,
    qualifier: str | None,
    is_signed: bool | None,
    uin: str | None,
    timeout: float,
) -> None:
    """Send a request for PATH to the URL of the function NAME, and print the answer as it comes.

    PATH begins with / and may have a query. A body that is JSON is sent as application/json, another one as a form,
    unless -H 'Content-Type: ...' says more. Redirects are not followed. For an answer with a status of 400 or more,
    the exit code is 10.
    """
    from tencentserverless.cli.api.url_request import UrlRequest, read_body, read_headers, read_method

    if not path.startswith("/"):
        raise click.UsageError(f"PATH must begin with a slash: /{path}")
    body = read_body(data)
    request = UrlRequest(path, read_method(method, body), read_headers(headers), body)
    request.send(choose_target(place), name, qualifier, is_signed, uin, timeout_seconds=timeout, shows_head=shows_head)
