from tests.sdk_environment import bare_environment

__all__ = ["bare_environment"]
