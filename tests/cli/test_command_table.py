"""The table says what the commands say, and leads to them."""

import importlib

import click
import pytest

from tencentserverless.cli.command_table import COMMANDS, list_paths

PATHS = list(list_paths())


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_a_row_leads_to_a_command_that_has_help(path):
    place = COMMANDS
    for word in path:
        row = place[word]
        place = row.place
    module, _, name = place.partition(":")
    command = getattr(importlib.import_module(f"tencentserverless.cli.commands.{module}"), name)
    assert isinstance(command, click.Command)
    assert command.name == path[-1]
    assert command.help
    assert row.summary.endswith(".")
    assert len(row.summary) <= 66  # a listing keeps it on one line
