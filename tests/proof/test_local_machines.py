"""The walks over a real server, in a short form for each change, and a longer one.

``python -m tests.proof.local_machines STEPS SEED`` takes them at any length.
"""

import pytest

from tests.proof.local_machines import WALKS, walk

STEPS, LONG_STEPS = 25, 300
SEED, LONG_SEED = 1, 2


@pytest.mark.parametrize("name", sorted(WALKS))
def test_no_step_leads_the_server_away_from_the_model(name: str) -> None:
    walk(name, STEPS, SEED)


@pytest.mark.proof
@pytest.mark.parametrize("name", sorted(WALKS))
def test_no_step_of_many_leads_the_server_away_from_the_model(name: str) -> None:
    walk(name, LONG_STEPS, LONG_SEED)
