"""The program of a process that loads ``scf`` or pytest and forks; ``forkserver`` starts it and tells it for what.

A fork leaves the loop and becomes the command. It ends as an interpreter does, with all that waits for the end, but
without taking its modules apart, which would copy all the memory that it shares with the template.
"""

import asyncio
import atexit
import contextlib
import faulthandler
import functools
import gc
import importlib
import inspect
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import tempfile

#: What a server that stands has loaded, and what most commands load, libraries with them.
SCF_MODULES = (
    "anyio._backends._asyncio",
    "httptools",
    "uvloop",
    "croniter",
    "encodings.ascii",
    "encodings.idna",
    "urllib.request",
    "zipfile",
    "tencentserverless.scf",
    "tencentserverless._base.context",
    "tencentserverless._base.observer",
    "tencentserverless._base.signals",
    "tencentserverless._core.signing_v1",
    "tencentserverless.cli.main",
    "tencentserverless.cli.program",
    "tencentserverless.cli.api.actions",
    "tencentserverless.cli.api.event_input",
    "tencentserverless.cli.api.function_call",
    "tencentserverless.cli.api.local_server",
    "tencentserverless.cli.output.confirmation",
    "tencentserverless.cli.output.live_table",
    "tencentserverless.cli.output.translation",
    "tencentserverless.cli.commands.deploy",
    "tencentserverless.cli.commands.functions",
    "tencentserverless.cli.commands.invocations",
    "tencentserverless.cli.commands.invoke",
    "tencentserverless.cli.commands.local.start",
    "tencentserverless.local.serve",
    "tencentserverless.local.invocations.event_executor",
    "tencentserverless.local.reload",
    "tencentserverless.local.http.server",
    "tencentserverless.local.api.dispatch",
    "tencentserverless.local.http.websocket_frames",
    "tencentserverless.local.invocations.call_lines",
    "tencentserverless.local.invocations.provision_timers",
    "tencentserverless.local.project.function_options",
    "tencentserverless.local.service_factory",
    "tencentserverless.local.sites",
    "tencentserverless.local.start_notices",
)

#: By the module that a command runs. Nothing of ours is loaded before pytest looks for its plugins.
MODULES = {"tencentserverless": SCF_MODULES, "pytest": ("pytest", "unittest.mock")}

#: The exit code of a fork that has done its work; whatever else ends one, the interpreter sees to it.
codes: "list[int]" = []


def serve(channel: socket.socket) -> "dict[str, object] | None":
    """Fork for each request, and tell how forks end. In a fork, the value is what it shall do; at the end None."""
    ends: dict[int, int] = {}
    heard, told = os.pipe()
    os.set_blocking(heard, False)
    os.set_blocking(told, False)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    signal.set_wakeup_fd(told)
    with selectors.DefaultSelector() as selector:
        selector.register(channel, selectors.EVENT_READ)
        selector.register(heard, selectors.EVENT_READ)
        while True:
            ready = {key.fileobj for key, _ in selector.select()}
            if heard in ready:
                with contextlib.suppress(BlockingIOError):
                    os.read(heard, 4096)
                tell_ends(ends)
            if channel in ready:
                text, files = receive(channel)
                if not text:
                    return None
                words = json.loads(text)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    for each in (heard, told, *ends.values(), files.pop()):
                        os.close(each)
                    channel.close()
                    become(words, files)
                    return words
                *others, end = files
                for each in others:
                    os.close(each)
                ends[pid] = end
                channel.sendall(str(pid).encode())


def receive(channel: socket.socket) -> "tuple[bytes, list[int]]":
    """One request: a line, and the files that come with its first bytes."""
    text, files, _, _ = socket.recv_fds(channel, 65536, 8)
    while text and not text.endswith(b"\n"):
        more = channel.recv(65536)
        if not more:  # the suite has ended in the middle of a line
            return b"", list(files)
        text += more
    return text, list(files)


def tell_ends(ends: "dict[int, int]") -> None:
    """Write the exit codes of forks that have ended."""
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if not pid:
                break
            end = ends.pop(pid)
            with contextlib.suppress(BrokenPipeError):
                os.write(end, str(os.waitstatus_to_exitcode(status)).encode())
            os.close(end)


def become(words: "dict[str, object]", files: "list[int]") -> None:
    """Make a fork what an interpreter of its own is when it has started."""
    for target, file in enumerate(files):
        os.dup2(file, target)
    for file in files:
        os.close(file)
    faulthandler.enable()  # SIGABRT shows where its threads are,
    signal.signal(signal.SIGUSR2, show_tasks)  # and this one for what its tasks wait
    os.chdir(words["folder"])
    os.environ.clear()
    os.environ.update(words["environment"])
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
        usual = signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL
        signal.signal(number, signal.SIG_IGN if number in words["ignored"] else usual)


def show_tasks(*_: object) -> None:
    """Write on standard error for what each task waits, from the outermost coroutine to the innermost."""
    for task in asyncio.all_tasks():
        print(f"task {task.get_name()}:", file=sys.stderr)
        waiting = [task.get_coro()]
        while waiting:
            frame = getattr(waiting[0], "cr_frame", None) or getattr(waiting[0], "ag_frame", None)
            print(f"  {waiting[0]!r:.150}, line {frame and frame.f_lineno}", file=sys.stderr)
            # What it waits for is on the stack of its frame; cr_await does not have it after gc.freeze.
            waiting = [each for each in gc.get_referents(waiting[0]) if inspect.iscoroutine(each)]
    sys.stderr.flush()


def run(command: "list[str]") -> None:
    """What ``python`` does with these arguments: ``-m`` and a module, or ``-c`` and code."""
    option, what, *rest = command
    sys.argv = [option, *rest]
    if option == "-m":
        sys.path.insert(0, os.getcwd())
        runpy.run_module(what, run_name="__main__", alter_sys=True)
    else:
        sys.path.insert(0, "")
        exec(compile(what, "<string>", "exec"), {"__name__": "__main__", "__builtins__": __builtins__})


def leave() -> None:
    """Runs after all others that wait for the end of the interpreter."""
    if len(codes) == 1:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(codes[0])


def try_namespaces() -> None:
    """Try once for all forks whether this system has namespaces; each server of its own tries it at its start."""
    from tencentserverless.local.worker import isolation

    isolation._find_obstacle = functools.cache(isolation._find_obstacle)
    isolation._find_obstacle(isolation._TMP.resolve())
    tempfile.tempdir = None  # each fork has a TMPDIR of its own


def main() -> None:
    atexit.register(leave)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's is for the tests
    del sys.path[0]  # the folder of this file
    for name in MODULES[sys.argv[2]]:
        importlib.import_module(name)
    if sys.argv[2] == "tencentserverless":
        try_namespaces()
    gc.collect()
    gc.freeze()
    words = serve(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        try:
            run(words["command"])
        except SystemExit as ended:
            codes.extend([ended.code] if isinstance(ended.code, int) else [])
            raise


if __name__ == "__main__":
    main()
