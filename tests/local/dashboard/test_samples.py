"""Sample events: those of the command ``scf event``."""

from tencentserverless.cli.reference.sample_events import list_samples as samples_of_command
from tencentserverless.cli.reference.sample_events import take_sample


def test_they_are_those_of_the_command(visitor):
    items = visitor.get("samples")["items"]
    assert {each["name"]: each["about"] for each in items} == samples_of_command()
    assert all(each["event"] == take_sample(each["name"]) for each in items)
