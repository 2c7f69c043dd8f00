"""How hypothesis tries a property: with the same examples each time, and with fewer of them where somebody waits.

``HYPOTHESIS_PROFILE`` names how many: ``full`` tries all that a property names (``make proof``), ``test`` an eighth of
them (``make test``), ``fast`` at most 20 of each (``make test-fast``).
"""

import os

FAST_EXAMPLES = 20
LEAST_EXAMPLES = 10
PROFILE = os.environ.get("HYPOTHESIS_PROFILE", "test")


def examples(count: int, share: int = 8) -> int:
    """This many, or what the profile allows. A property that names a number asks here; it has the mark ``campaign``.

    :param share: one example in so many is tried by ``make test``
    """
    counts = {"full": count, "test": max(LEAST_EXAMPLES, count // share), "fast": FAST_EXAMPLES}
    return min(count, counts[PROFILE])


def load_profile() -> None:
    """Register our profiles, and take the one that the environment names."""
    try:
        from hypothesis import HealthCheck, settings
    except ImportError:  # the tests that need it skip themselves
        return
    # No clock in the verdict: a loaded machine must not fail a test.
    timeless = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
    settings.register_profile("full", derandomize=True, database=None, **timeless)
    settings.register_profile("test", settings.get_profile("full"), max_examples=examples(100))
    settings.register_profile("fast", settings.get_profile("full"), max_examples=FAST_EXAMPLES)
    settings.load_profile(PROFILE)
