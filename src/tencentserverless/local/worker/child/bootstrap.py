"""The child: loads a handler, then answers one event at a time until its parent is gone.

Runs on Python 2.7 and 3.6+ and imports only its own folder and the standard library. Started as ``python -c START
folder descriptor label``; results are written to the descriptor, even if user code redirects stdout.
"""

import array
import errno
import fcntl
import json
import os
import resource
import signal
import sys
import termios
import time

import _scf_context
import _scf_debugger
import _scf_frames
import _scf_isolation
import _scf_lazy_stdlib
import _scf_own_writes
import _scf_payloads
import _scf_trust

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, NoReturn, Optional, Tuple

    Answer = Tuple[int, bytes, float]  # status, text of the result or the trace, milliseconds

MAX_RESPONSE_BYTES = 6 * 1024 * 1024
MAX_TRACE_CHARS = 256 * 1024
_WATCH_SECONDS = 1.0
_PYTHON2 = sys.version_info[0] == 2
_builtins = __import__("__builtin__" if _PYTHON2 else "builtins")
_OWN_FILES = ((lambda: 0).__code__.co_filename, _scf_payloads.encode.__code__.co_filename)

_seconds = getattr(time, "perf_counter", time.time)
_getrusage = resource.getrusage
_ioctl = fcntl.ioctl
_FIONREAD = termios.FIONREAD
_unread = array.array("i", [0])
_RUSAGE_SELF = resource.RUSAGE_SELF
_open = open
_peak = [0, 0]  # page faults at the last measurement, and the measured bytes
_NOTHING = object()
_MARK = os.environ.get("_SCF_INSTANCE", "")
_MAX_ROUNDS = 20
_kill = os.kill
_listdir = os.listdir
_exit = os._exit
_os_write = os.write
_getpid = os.getpid
_getppid = os.getppid
_sleep = time.sleep


class EntryMissing(Exception):
    """The handler names a file that is not in the code folder."""


def main():
    # type: () -> None
    """Serve the parent on the descriptor of the command line. Never returns."""
    folder, descriptor = sys.argv[1], int(sys.argv[2])
    del sys.argv[1:]
    sys.path.remove(folder)
    _scf_lazy_stdlib.remember_path()
    # A program that the function starts must not keep the channel open, nor write to it.
    fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.fcntl(descriptor, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)
    channel = _scf_frames.Channel(descriptor)
    try:
        _serve(channel, _getppid())
    except SystemExit as error:
        if not (error.code is None or isinstance(error.code, int)):
            sys.stderr.write("{}\n".format(error.code))
        _flush()
        _exit(error.code if isinstance(error.code, int) else int(error.code is not None))
    except BaseException:
        _scf_lazy_stdlib.load("traceback").print_exc()
        _flush()
        _exit(1)
    _exit(0)


def _serve(channel, parent):
    # type: (_scf_frames.Channel, int) -> None
    home = _getpid()
    frame = channel.receive()
    if frame is None:
        _end_group()
    load = _scf_frames.decode_head(frame[0])
    boundary = _Boundary(load["boundary"])
    if load["isolation"]:
        _scf_isolation.enter(load["isolation"])  # before there is a second thread
    _start_watch(parent)
    notes = _prepare(load)
    try:
        if load["debugger"]:
            _scf_debugger.open_port(load["debugger"])
        handler = _load_handler(load["code_folder"], load["handler"])
    except Exception as error:
        _flush()
        status = 437 if isinstance(error, EntryMissing) else 443
        head = _scf_frames.encode_head({"kind": "failed", "status": status})
        channel.send(_scf_frames.join(head, _bounded(_scf_lazy_stdlib.load("traceback").format_exc())))
        return
    _flush()
    if _getpid() != home:
        return
    if notes is not None:
        notes.settle()
    channel.send(_scf_frames.pack({"kind": "ready"}))
    _serve_calls(channel, handler, _scf_context.make_template(load["context"]), boundary, notes)


def _serve_calls(channel, handler, template, boundary, notes):
    # type: (_scf_frames.Channel, Callable[[Any, Any], Any], Dict[str, Any], _Boundary, Any) -> None
    home = _getpid()
    while True:
        call = channel.receive_call()
        if call is None:
            _end_group()
        request_id, environ, event = call
        if environ:
            values = _scf_frames.decode_head(environ)
            os.environ.update((_native(key), _native(value)) for key, value in values.items())
        context = _scf_context.make_context(template, request_id.decode("ascii"))
        status, text, duration_ms = _answer(handler, event, context)
        _flush()
        if _getpid() != home:
            return  # user code forked and both came back: only the instance itself may answer
        memory_bytes = _peak[1] if duration_ms < 1.0 and _peak[1] else _peak_memory_bytes()
        if notes is not None:
            notes.settle()
        has_output = boundary.set_behind_output()
        try:
            channel.send(_scf_frames.pack_answer(request_id, status, duration_ms, memory_bytes, has_output, text))
        except (IOError, OSError) as error:
            if error.errno in (errno.EPIPE, errno.ECONNRESET):
                _end_group()  # the parent is gone
            sys.exit("the function has closed a descriptor that is not its own: its answer is lost")


class _Boundary(object):
    """Parts the output of two calls: the second may run before the parent has seen the end of the first."""

    def __init__(self, text):
        # type: (str) -> None
        self._text = text.encode("ascii")
        self._descriptor = os.dup(1)  # user code may redirect descriptor 1
        fcntl.fcntl(self._descriptor, fcntl.F_SETFD, fcntl.FD_CLOEXEC)

    def set_behind_output(self):
        # type: () -> bool
        """Write the boundary if the parent has not yet read all output. True if it was written."""
        try:
            _ioctl(self._descriptor, _FIONREAD, _unread)
            if not _unread[0]:
                return False
            _os_write(self._descriptor, self._text)
        except (IOError, OSError):  # user code has closed it
            return False
        return True


def _start_watch(parent):
    # type: (int) -> None
    """End with the parent, also while user code runs. Not by ``threading``: user code may wait for all its threads."""
    threads = __import__("thread" if _PYTHON2 else "_thread")
    try:
        threads.start_new_thread(_watch_parent, (parent,))
    except Exception:  # no thread can be started: the function runs all the same
        pass


def _watch_parent(parent):
    # type: (int) -> None
    if hasattr(signal, "pthread_sigmask"):  # signals are for user code, whose system calls they must interrupt
        names = [name for name in dir(signal) if name.startswith("SIG") and not name.startswith("SIG_")]
        signal.pthread_sigmask(signal.SIG_BLOCK, {getattr(signal, name) for name in names})
    while _getppid() == parent:
        _sleep(_WATCH_SECONDS)
    _end_group()


def _end_group():
    # type: () -> NoReturn
    """End this process and all that it has started: the parent is gone, which would have ended them."""
    _kill_orphans()
    try:
        os.killpg(os.getpgrp(), signal.SIGKILL)
    finally:
        _exit(1)


def _kill_orphans():
    # type: () -> None
    """Kill all processes with this instance's mark, in any session (``process_group`` is the parent's half)."""
    mark = ("\0_SCF_INSTANCE=" + _MARK + "\0").encode("ascii")
    for _ in range(_MAX_ROUNDS):
        found = False
        for name in _listdir("/proc") if _MARK and os.path.isdir("/proc/self") else ():
            try:
                with _open("/proc/" + name + "/environ", "rb") as file:
                    is_marked = mark in b"\0" + file.read() + b"\0"
                if is_marked and int(name) != _getpid():
                    _kill(int(name), signal.SIGKILL)
                    found = True
            except (IOError, OSError, ValueError):
                continue
        if not found:
            return


def _prepare(load):
    # type: (Dict[str, Any]) -> Any
    """Set up the process as user code expects it: path, environment, streams, logging.

    :return: the notes of what user code writes, None for none
    """
    os.umask(load["umask"])
    code_folder = _native(load["code_folder"])
    later = [_native(entry) for entry in load["python_path"]]
    later += _scf_lazy_stdlib.add_environments([_native(entry) for entry in load["environments"]])
    sys.path[:0] = [code_folder] + [entry for entry in later if entry not in sys.path]
    if load["sdk_folder"]:
        sys.path.append(_native(load["sdk_folder"]))
    os.environ["PYTHONPATH"] = os.pathsep.join([code_folder] + later)
    os.environ["PYTHONDONTWRITEBYTECODE"] = "x"
    sys.dont_write_bytecode = True
    # 2.7 runs with -u; here complete lines are written at once, so that the output of a killed process is not lost
    if not _PYTHON2:
        sys.stdout = _line_buffered(sys.stdout)
        sys.stderr = _line_buffered(sys.stderr)
    _scf_lazy_stdlib.set_up_logging()
    if not hasattr(_builtins, "exit"):
        _scf_lazy_stdlib.add_site_names()
    if load["bundle"]:
        _scf_trust.trust(_native(load["bundle"]))
    return _scf_own_writes.watch(load["notes"]) if load["notes"] else None


def _line_buffered(stream):
    # type: (Any) -> Any
    if hasattr(stream, "reconfigure"):
        stream.reconfigure(line_buffering=True)
        return stream
    import io

    return io.TextIOWrapper(stream.buffer, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


def _load_handler(code_folder, handler):
    # type: (str, str) -> Callable[[Any, Any], Any]
    """Return the function that ``file.function`` names.

    :raises EntryMissing: if there is no such file
    :raises Exception: any error of loading the file
    """
    stem, _, name = _native(handler).rpartition(".")
    base = os.path.join(_native(code_folder), stem)
    path = base + ".py" if os.path.isfile(base + ".py") else os.path.join(base, "__init__.py")
    if not os.path.isfile(path):
        raise EntryMissing("handler {!r} needs the file {}.py in the code folder, which has none".format(handler, stem))
    try:
        function = getattr(_load_module(stem, path), name)
    except SystemExit as error:
        raise RuntimeError("the module called sys.exit({!r}) while it was loaded".format(error.code))
    if not callable(function):
        raise TypeError("handler {!r} is not callable".format(handler))
    return function  # type: ignore[no-any-return]


def _load_module(stem, path):
    # type: (str, str) -> Any
    """Load a file as a module named by its stem, even if the standard library has a module of that name."""
    if _PYTHON2:
        import imp

        return imp.load_source(stem, path)
    import importlib.util

    spec = importlib.util.spec_from_file_location(stem, path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    sys.modules[stem] = module
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    return module


def _answer(handler, event_text, context):
    # type: (Callable[[Any, Any], Any], bytes, Dict[str, Any]) -> Answer
    """Run the handler on one event; its result or its failure."""
    try:
        event = _scf_payloads.decode(event_text.decode("utf-8"))
    except (ValueError, RuntimeError):
        return 400, b"", 0.0
    started = _seconds()
    result = _NOTHING
    try:
        result = handler(event, context)
        text = _scf_payloads.encode(result)
    except SystemExit:
        raise
    except BaseException:
        duration_ms = _since(started)
        return 430, _bounded(_user_trace() if result is _NOTHING else _result_trace(result)), duration_ms
    duration_ms = _since(started)
    if len(text) > MAX_RESPONSE_BYTES:
        return 407, b"", duration_ms
    return 0, text, duration_ms


def _user_trace():
    # type: () -> str
    """Return the traceback from user code on, without the frames of this file."""
    kind, error, trace = sys.exc_info()
    assert kind is not None and trace is not None
    try:
        user_part = trace
        while user_part.tb_next is not None and user_part.tb_frame.f_code.co_filename in _OWN_FILES:
            user_part = user_part.tb_next
        return "".join(_scf_lazy_stdlib.load("traceback").format_exception(kind, error, user_part)).rstrip("\n")
    except Exception:  # an exception whose own __str__ or __cause__ fails
        return "Traceback (most recent call last):\n{}: (its text could not be made)".format(kind.__name__)
    finally:
        del trace


def _result_trace(result):
    # type: (Any) -> str
    """Return the error of a return value that is no JSON, and where in it that is. The frames are not the user's."""
    text = "".join(_scf_lazy_stdlib.load("traceback").format_exception_only(*sys.exc_info()[:2])).rstrip("\n")
    fault = _scf_payloads.describe_fault(result)
    return "{}: the handler returned {}".format(text, fault) if fault else text


def _bounded(text):
    # type: (Any) -> bytes
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    if len(text) > MAX_TRACE_CHARS:
        text = "..." + text[-MAX_TRACE_CHARS:]
    return text.rstrip("\n").encode("utf-8", "backslashreplace" if not _PYTHON2 else "replace")  # type: ignore[no-any-return]


def _flush():
    # type: () -> None
    """Write the output of user code into the pipe, before the answer is sent."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except Exception:  # user code may have closed or replaced it
            pass


def _since(started):
    # type: (float) -> float
    return round((_seconds() - started) * 1000, 3)


def _peak_memory_bytes():
    # type: () -> int
    """Peak resident memory of this process. getrusage would count the parent's from before exec, on Linux.

    It can have grown only where pages have come in since the last look, and a look costs as much as a short call. A call
    of less than a millisecond brings in so few that the next look is early enough.
    """
    usage = _getrusage(_RUSAGE_SELF)
    faults = usage.ru_minflt + usage.ru_majflt
    if faults != _peak[0] or not _peak[1]:
        _peak[:] = [faults, _read_peak_bytes() or (usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024)]
    return _peak[1]


def _read_peak_bytes():
    # type: () -> int
    try:
        with _open("/proc/self/status", "rb") as status:
            text = status.read()
        start = text.index(b"VmHWM:") + 6
        return int(text[start : text.index(b"kB", start)]) * 1024
    except (IOError, OSError, ValueError):
        return 0


def _native(text):
    # type: (Any) -> str
    """Return a native string. JSON texts are unicode on Python 2, but paths and the environment are bytes."""
    return text.encode("utf-8") if _PYTHON2 else text  # type: ignore[no-any-return]
