"""The namespaces of an instance: a /tmp of its own, its layers as /opt, and code that it can't write.

Runs on Python 2.7 and 3.6+ and imports the standard library alone. A worker of Python code enters them before it has a
second thread, which a user namespace does not allow. For a custom runtime this file is a program: it enters them and
becomes the command that follows. Paths are bytes in here, whatever the locale is.

Source: user_namespaces(7), mount_namespaces(7), mount(2).
"""

import errno
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

_NEW_MOUNTS, _NEW_USER = 0x20000, 0x10000000
_READ_ONLY, _REMOUNT, _BIND, _WITH_SUBMOUNTS, _SLAVE = 1, 32, 4096, 16384, 1 << 19
_KEPT_FLAGS = 15  # read-only, nosuid, nodev, noexec: a user namespace may not take them off
#: The header of capset(2), version 3 and the own process, and no capability.
_CAPABILITIES_OF_SELF, _NO_CAPABILITIES = b"\x22\x05\x08\x20" + b"\0" * 4, b"\0" * 24
if sys.byteorder == "big":
    _CAPABILITIES_OF_SELF = b"\x20\x08\x05\x22" + b"\0" * 4
_PROBED_FILE = b"scf-probe"


def enter(plan):
    # type: (Dict[str, Any]) -> None
    """Enter the namespaces of a plan, as ``worker/isolation`` makes it. This process must have one thread.

    :raises OSError: if the system refuses; the process is then of no use
    """
    tmp, code_folder = _encode(plan["tmp"]), _encode(plan["code_folder"])
    call = _system_calls()
    is_mapped = _leave(call)
    _mount(call, None, b"/", _WITH_SUBMOUNTS | _SLAVE)  # nothing that is mounted here shows elsewhere
    kept = [_encode(path) for path in plan["kept"]] + _interpreter_folders()
    shared = [_encode(path) for path in plan["shared"]]
    if plan["opt"]:  # before /tmp, in which the layers may lie
        _mount_layers(call, plan, kept, shared)
    if plan["scratch"]:
        scratch = _encode(plan["scratch"])
        _bind_below(call, tmp, scratch, _sort_below(tmp, kept, shared))
        _mount(call, scratch, tmp, _BIND | _WITH_SUBMOUNTS)
    _mount(call, code_folder, code_folder, _BIND | _WITH_SUBMOUNTS)
    _make_read_only(call, code_folder)
    for source, target in plan.get("covers", ()):  # a file that is seen in place of one of the code
        _mount(call, _encode(source), _encode(target), _BIND)
        _make_read_only(call, _encode(target))
        os.unlink(source)  # it is seen as the other alone
    os.chdir(code_folder)  # the present folder is still the writable one
    if is_mapped:
        call("capset", _CAPABILITIES_OF_SELF, _NO_CAPABILITIES)


def _system_calls():
    # type: () -> Callable[..., None]
    """Return a function that makes a system call by its name. ``ctypes`` itself takes milliseconds to load."""
    import _ctypes

    class _Int(_ctypes._SimpleCData):  # type: ignore[type-arg]
        _type_ = "i"

    class _Function(_ctypes.CFuncPtr):
        _flags_ = _ctypes.FUNCFLAG_CDECL | _ctypes.FUNCFLAG_USE_ERRNO
        _restype_ = _Int

    library = _ctypes.dlopen(None, 0)  # type: ignore[arg-type]

    def call(name, *arguments):
        # type: (str, Any) -> None
        if _Function(_ctypes.dlsym(library, name))(*arguments):
            number = _ctypes.get_errno()
            raise OSError(number, "{}: {}".format(name, os.strerror(number)))

    return call


def _leave(call):
    # type: (Callable[..., None]) -> bool
    """Leave the mount namespace of the server. True if that took a user namespace, where this user stays what it is."""
    user, group = os.geteuid(), os.getegid()
    try:
        call("unshare", _NEW_MOUNTS)
        return False
    except OSError as error:
        if error.errno != errno.EPERM:
            raise
    try:
        call("unshare", _NEW_USER | _NEW_MOUNTS)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(error.errno, "unshare: user.max_user_namespaces allows no more")
    for name, text in (("setgroups", "deny"), ("uid_map", "{0} {0} 1".format(user)), ("gid_map", "{0} {0} 1".format(group))):
        with open("/proc/self/" + name, "w") as file:
            file.write(text)
    return True


def _mount(call, source, target, flags):
    # type: (Callable[..., None], Optional[bytes], bytes, int) -> None
    try:
        call("mount", source, target, None, flags, None)
    except OSError as error:
        raise OSError(error.errno, "{} ({!r})".format(error.strerror, target))


def _make_read_only(call, target):
    # type: (Callable[..., None], bytes) -> None
    kept = os.statvfs(target).f_flag & _KEPT_FLAGS
    _mount(call, None, target, _BIND | _REMOUNT | _READ_ONLY | kept)


def _sort_below(folder, kept, shared):
    # type: (bytes, List[bytes], List[bytes]) -> List[Tuple[bytes, bool]]
    """Return what lies below a folder that is hidden, and whether it may be written; a folder before what is in it."""
    inner = {path: False for path in kept}
    inner.update((path, True) for path in shared)
    for path in list(inner):  # a link leads to a place that must be there as well
        inner.setdefault(os.path.realpath(path), inner[path])
    return [(path, inner[path]) for path in sorted(inner) if path.startswith(folder + b"/") and os.path.exists(path)]


def _bind_below(call, folder, scratch, inner):
    # type: (Callable[..., None], bytes, bytes, List[Tuple[bytes, bool]]) -> None
    """Bind what lies below the old folder to its place in the new one: read-only, but what may be written."""
    for path, is_shared in inner:
        target = scratch + path[len(folder) :]
        _make_place(path, target)
        _mount(call, path, target, _BIND | _WITH_SUBMOUNTS)
        if not is_shared:
            _make_read_only(call, target)


def _mount_layers(call, plan, kept, shared):
    # type: (Callable[..., None], Dict[str, Any], List[bytes], List[bytes]) -> None
    """Mount the layers as /opt, and in it what this instance needs from below the old one."""
    opt, source = _encode(plan["opt"]), _encode(plan["layers"])
    inner = _sort_below(opt, kept, shared)
    if inner:  # nothing can be mounted in the layers, which have no place for it
        mounts = _encode(plan["mounts"])
        os.mkdir(mounts)
        _spread(call, source, mounts, [path[len(opt) + 1 :] for path, _ in inner])
        _bind_below(call, opt, mounts, inner)
        source = mounts
    _mount(call, source, opt, _BIND | _WITH_SUBMOUNTS)
    _make_read_only(call, opt)


def _spread(call, source, target, needed):
    # type: (Callable[..., None], bytes, bytes, List[bytes]) -> None
    """Bind what is in a folder into another one, and leave the places free that are needed.

    :param needed: their paths in the folder; what is there by the same name is not seen
    """
    for name in os.listdir(source):
        path, place = os.path.join(source, name), os.path.join(target, name)
        inner = [each[len(name) + 1 :] for each in needed if each == name or each.startswith(name + b"/")]
        if not inner:
            _make_place(path, place)
            _mount(call, path, place, _BIND | _WITH_SUBMOUNTS)
            _make_read_only(call, place)
        elif b"" not in inner and os.path.isdir(path):
            os.mkdir(place)
            _spread(call, path, place, inner)


def _make_place(path, target):
    # type: (bytes, bytes) -> None
    """Make a folder or a file to mount on, unless what is mounted around it has one."""
    folder = target if os.path.isdir(path) else os.path.dirname(target)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    if not os.path.lexists(target):
        open(target, "w").close()


def _interpreter_folders():
    # type: () -> List[bytes]
    """Return the folders from which this interpreter loads what it has not loaded yet."""
    names = ("prefix", "exec_prefix", "base_prefix", "base_exec_prefix", "real_prefix")
    found = [getattr(sys, name) for name in names if hasattr(sys, name)] + sys.path
    return [_encode(path) for path in found if os.path.isabs(path)]


def _encode(path):
    # type: (Any) -> bytes
    """Return a path as bytes. JSON texts are unicode on Python 2, other paths are bytes there."""
    if isinstance(path, bytes):
        return path
    return path.encode("utf-8") if sys.version_info[0] == 2 else path.encode("utf-8", "surrogateescape")  # type: ignore[no-any-return]


def _probe(plan):
    # type: (Dict[str, Any]) -> None
    """Enter the namespaces, and look whether they do what they are for.

    :raises OSError: if they can't be entered, or do not
    """
    enter(plan)
    path = os.path.join(_encode(plan["tmp"]), _PROBED_FILE)
    open(path, "w").close()
    os.remove(path)
    try:
        open(os.path.join(_encode(plan["code_folder"]), _PROBED_FILE), "w").close()
    except (IOError, OSError) as error:
        if error.errno != errno.EROFS:
            raise
    else:
        raise OSError(errno.ENOTSUP, "a folder that is mounted read-only can be written")


def main():
    # type: () -> None
    """Enter the namespaces of a plan and become a command; without a command, try them and print what is in the way."""
    import json  # which a program that imports this file does not need

    plan, command = json.loads(sys.argv[1]), sys.argv[2:]
    try:
        if not command:
            _probe(plan)
            return
        enter(plan)
        os.execv(command[0], command)
    except (IOError, OSError) as error:
        sys.stderr.write("scf: the instance can't be isolated: {}\n".format(error) if command else str(error.strerror))
        sys.exit(1)


if __name__ == "__main__":
    main()
