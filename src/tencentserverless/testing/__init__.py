"""The test kit: a local SCF as a pytest fixture, and a stand-in for unit tests without any process.

pytest loads ``plugin``, which is in Python 3.6 syntax and does nothing where the kit cannot work. Other modules load
when they are needed: ``hooks`` (the pytest hooks and the fixture), ``target`` (the fixture's object, for the local
SCF and for the cloud), ``local_url`` (the URLs of its functions), ``servers`` (the local SCFs of a session),
``deployment`` (functions through the API), ``source`` (a function object as a file), ``web_source`` (an app as the
files of a web function), ``bridge`` (handlers in the test's own process), ``ledger`` (the executions, and the message
of a failed assertion), ``scripted``, ``fake`` and
``fake_async`` (stand-ins for functions). Python 3.10+. No other module of this project imports this package.
"""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from tencentserverless.testing.fake import FakeFunction, FakeInvocation
    from tencentserverless.testing.fake_async import FakeAsyncFunction, FakeAsyncInvocation
    from tencentserverless.testing.ledger import Execution
    from tencentserverless.testing.local_url import LocalUrl, UrlAnswer
    from tencentserverless.testing.scripted import FakeCall
    from tencentserverless.testing.source import UnfitFunction
    from tencentserverless.testing.target import ScfLocal

__all__ = [
    "Execution",
    "FakeAsyncFunction",
    "FakeAsyncInvocation",
    "FakeCall",
    "FakeFunction",
    "FakeInvocation",
    "LocalUrl",
    "ScfLocal",
    "UnfitFunction",
    "UrlAnswer",
]

_PLACES = {
    "Execution": "ledger",
    "FakeAsyncFunction": "fake_async",
    "FakeAsyncInvocation": "fake_async",
    "FakeCall": "scripted",
    "FakeFunction": "fake",
    "FakeInvocation": "fake",
    "LocalUrl": "local_url",
    "ScfLocal": "target",
    "UnfitFunction": "source",
    "UrlAnswer": "local_url",
}


def __getattr__(name: str) -> object:
    """Load a name of the kit when it is first used: pytest loads this package in every run."""
    if name not in _PLACES:
        raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
    from importlib import import_module

    return getattr(import_module("{}.{}".format(__name__, _PLACES[name])), name)
