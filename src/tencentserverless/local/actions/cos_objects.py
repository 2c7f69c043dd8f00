"""Objects of COS, the platform's object storage: with ``--cos DIR``, the files ``BUCKET/OBJECT`` of a folder.

Source: the structure Code in cloud.tencent.com/document/api/583/17244: the name of a bucket is given without its
``-<appid>``, the name of an object begins with a slash.
"""

import errno
import os
import re
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import IO, NamedTuple

from tencentserverless.local.actions.lookup import shown
from tencentserverless.local.errors import ApiError
from tencentserverless.local.settings import REGION_NAME

_BUCKET = re.compile(r"[\w-][\w.-]{0,99}\Z")  # the name of one folder; COS itself takes fewer
_MAX_OBJECT_BYTES = 1024  # ours: the longest name of an object in COS has 850
_MAX_SHOWN_CHARS = 200
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK  # without the last one, a pipe without a writer would wait for ever


class CosObject(NamedTuple):
    """An object, as a request names it."""

    bucket: str
    name: str

    def __str__(self) -> str:
        name = self.name[:_MAX_SHOWN_CHARS]
        return f"object {name!r} of bucket {self.bucket[:_MAX_SHOWN_CHARS]!r}"


def check_object(bucket: str | None, name: str | None, region: str | None) -> CosObject:
    """Check the names of a request.

    :param region: CosBucketRegion, which changes nothing here
    :raises ApiError: if one is missing or can't be a name
    """
    if not bucket or not _BUCKET.match(bucket):
        problem = "is missing" if not bucket else f"{shown(bucket)} is no name of a bucket"
        raise ApiError("InvalidParameterValue.CosBucketName", f"CosBucketName {problem}.")
    if region and not REGION_NAME.match(region):
        raise ApiError(
            "InvalidParameterValue.CosBucketRegion", f"CosBucketRegion {shown(region)} is no region, as ap-beijing is."
        )
    if not name or not name.strip("/"):
        raise ApiError("InvalidParameterValue.CosObjectName", "CosObjectName is missing.")
    found = CosObject(bucket, name)
    if "\0" in name or len(os.fsencode(name)) > _MAX_OBJECT_BYTES or ".." in name.split("/"):
        raise _leads_out(found)
    return found


def open_object(root: Path, wanted: CosObject, missing_code: str) -> IO[bytes]:
    """Open an object for reading. May wait for a slow disk.

    :param root: the folder of ``--cos``
    :param missing_code: the action's code for an object that is not there
    :raises ApiError: if it is not there, is no file, can't be read, or lies outside the folder
    """
    real_root = Path(os.path.realpath(root))
    path = real_root / wanted.bucket / wanted.name.strip("/")
    try:
        real = Path(os.path.realpath(path))  # fails where a link is replaced meanwhile
        if real == real_root or not real.is_relative_to(real_root):
            raise _leads_out(wanted)
        descriptor = _open_below(real_root, real.relative_to(real_root).parts) if _is_file(real.stat()) else None
        if descriptor is None:
            raise ApiError(missing_code, f"The {wanted} is no file: {path}.")
        return os.fdopen(descriptor, "rb")
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG):
            problem = f"The {wanted} does not exist: there is no file {path}."
            raise ApiError(missing_code, f"{problem} Put it there, below the folder of --cos.") from error
        raise ApiError(missing_code, f"The {wanted} can't be read: {path}: {error.strerror}.") from error


def _open_below(root: Path, parts: Sequence[str]) -> int | None:
    """Open a file, step by step without following links: what was checked may have been replaced since.

    :return: its descriptor, None if it is no file any more
    :raises OSError: if it can't be opened
    """
    folder = os.open(root, _FOLDER)
    try:
        for part in parts[:-1]:
            inner = os.open(part, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        descriptor = os.open(parts[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    if _is_file(os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _is_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _leads_out(wanted: CosObject) -> ApiError:
    return ApiError("InvalidParameterValue.CosObjectName", f"The {wanted} leads out of the folder of --cos.")
