"""How hypothesis tries a property: with the same examples each time, and with few of them where somebody waits.

``HYPOTHESIS_PROFILE=fast`` takes at most 20 of each; ``make test-fast`` sets it.
"""

import os

FAST_EXAMPLES = 20
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "full")


def examples(count: int) -> int:
    """This many, or what the fast profile allows. A property that names a number of its own asks here."""
    return min(count, FAST_EXAMPLES) if PROFILE == "fast" else count


def load_profile() -> None:
    """Register our profiles, and take the one that the environment names."""
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:  # the tests that need it skip themselves
        return
    # No clock in the verdict: a loaded machine must not fail a test.
    timeless = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("full", derandomize=True, database=None, **timeless)
    settings.register_profile("fast", settings.get_profile("full"), max_examples=FAST_EXAMPLES)
    settings.load_profile(PROFILE)
