"""Opens the port at which a debugger finds the function."""

import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Dict

_TRIES, _PAUSE_SECONDS = 50, 0.2


def open_port(debugger):
    # type: (Dict[str, Any]) -> None
    """Listen for a debugger. The previous instance may still occupy the port for a moment."""
    sys.path.append(debugger["folder"])
    debugpy = __import__("debugpy")  # where that fails, the process ends
    sys.path.remove(debugger["folder"])
    for patience in range(_TRIES, -1, -1):
        try:
            debugpy.listen(("127.0.0.1", debugger["port"]))
            break
        except Exception:
            if not patience:
                raise
            time.sleep(_PAUSE_SECONDS)
    sys.stderr.write("debugpy listens on 127.0.0.1:{}\n".format(debugger["port"]))
    if debugger["waits"]:
        debugpy.wait_for_client()
