"""The core asks nothing of the environment: its tests need no bare one."""

from tests.profiles import load_profile

load_profile()
