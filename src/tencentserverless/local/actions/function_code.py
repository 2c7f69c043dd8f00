"""The code of a function: the structure Code, and how a zip file in it becomes a package.

Sources: cloud.tencent.com/document/api/583/17244 (Code), 18586 (CreateFunction) and 18581 (UpdateFunctionCode).
"""

import asyncio
import base64
import binascii
import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from tencentserverless.local.actions.parameters import Table, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.function_version import FunctionRecord
from tencentserverless.local.registry.package_contents import BadPackage
from tencentserverless.local.registry.packages import Draft
from tencentserverless.local.services import Services

ZIP_FILE = "ZipFile"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_LINE_ENDS = str.maketrans("", "", "\r\n")


class ImageConfigTable(Table, frozen=True):
    """The structure ImageConfig."""

    ImageType: str
    ImageUri: str
    RegistryId: str | None = None
    EntryPoint: str | None = None
    Command: str | None = None
    Args: str | None = None
    ContainerImageAccelerate: bool | None = None
    ImagePort: int | None = None


class CodeTable(Table, frozen=True):
    """The structure Code."""

    CosBucketName: str | None = None
    CosObjectName: str | None = None
    ZipFile: str | None = None
    CosBucketRegion: str | None = None
    DemoId: str | None = None
    TempCosObjectName: str | None = None
    GitUrl: str | None = None
    GitUserName: str | None = None
    GitPassword: str | None = None
    GitPasswordSecret: str | None = None
    GitBranch: str | None = None
    GitDirectory: str | None = None
    GitCommitId: str | None = None
    GitUserNameSecret: str | None = None
    ImageConfig: ImageConfigTable | None = None


#: Other places that code can come from in the cloud, by the field that names them, with advice for the local SCF.
_ELSEWHERE = {
    "CosBucketName": "code in COS: download the object and send it",
    "CosObjectName": "code in COS: download the object and send it",
    "TempCosObjectName": "code in COS: download the object and send it",
    "DemoId": "code of a template: download the template and send it",
    "GitUrl": "code in a Git repository: check it out, pack it and send it",
    "ImageConfig": "images: pack the handler's code and send it",
}


def zip_text(code: CodeTable, source: str | None, sources: tuple[str, ...]) -> str:
    """Return the one zip file of a request, in base64.

    :param source: CodeSource, as received
    :raises ApiError: if the request has no code, several, or code from a place that no local SCF reaches
    """
    chosen = choose("CodeSource", source, sources, ZIP_FILE, "InvalidParameterValue.CodeSource")
    elsewhere = [name for name in _ELSEWHERE if getattr(code, name)]
    if elsewhere and code.ZipFile:
        raise ApiError("InvalidParameterValue.Code", f"Code has both ZipFile and {elsewhere[0]}; it takes one source.")
    if elsewhere or chosen != ZIP_FILE:
        where = _ELSEWHERE[elsewhere[0]] if elsewhere else f"CodeSource {chosen}: send the code"
        raise ApiError("UnsupportedOperation", f"The local SCF does not serve {where} as Code.ZipFile, in base64.")
    if not code.ZipFile:
        raise ApiError("InvalidParameterValue.Code", "Code has no ZipFile: a zip file of the code, in base64.")
    return code.ZipFile


async def unpack(services: Services, text: str, code: str) -> Draft:
    """Make a package from a zip file in base64.

    :param code: the action's code for failures
    :raises ApiError: if the text is no base64 or no valid zip file, or the disk is full
    """
    async with services.unpacking:
        try:
            return await asyncio.to_thread(_unpack, services, text)
        except OSError as error:
            raise refuse_unkept(services.packages.root, code, error) from error


def _unpack(services: Services, text: str) -> Draft:
    try:
        # Python 2's base64.encodestring, used by old deployment scripts, breaks its lines.
        archive = base64.b64decode(text.translate(_LINE_ENDS).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        problem = str(error) if isinstance(error, binascii.Error) else "not ASCII"
        raise ApiError(
            "InvalidParameterValue.ZipFileBase64BinasciiError", f"ZipFile is not base64: {problem}."
        ) from None
    try:
        return services.packages.unpack(archive)
    except BadPackage as error:
        raise ApiError("InvalidParameterValue.ZipFile", f"ZipFile can't be taken: {error}.") from error


async def take_snapshot(services: Services, record: FunctionRecord, code: str) -> Draft:
    """Make a package from a folder of the user, as the folder is now.

    :param code: the code of the refusal
    :raises ApiError: if the folder is gone or holds too much
    """
    async with services.unpacking:
        try:
            draft = await asyncio.to_thread(services.packages.snapshot, record.code_folder, record.packing)
        except BadPackage as error:
            raise ApiError(code, f"The code can't be packed: {error}.") from error
        except OSError as error:
            raise refuse_unkept(services.packages.root, code, error) from error
    # for a known package, the user has seen the notices before
    if draft.contents is not None and not services.packages.has(draft.sha256):
        for notice in draft.contents.notices():
            services.console.show(f"[{record.key.name}] packed: {notice}")
    return draft


@contextlib.contextmanager
def keeping(services: Services, code: str) -> Iterator[None]:
    """Turn a database error into a refusal that names the disk.

    :param code: the action's code for failures
    :raises ApiError: if the database can't store the change
    """
    try:
        yield
    except DatabaseError as error:
        place = services.packages.root.parent
        problem = f"The function can't be kept in {place}: {error}. Nothing has changed. Make room on that disk."
        raise ApiError(code, problem) from error


def refuse_unkept(place: Path, code: str, error: OSError) -> ApiError:
    """Make the refusal of code that can't be written.

    :param code: the action's code for failures
    """
    advice = "Make room on that disk" if error.errno in _FULL else "Make that folder writable"
    return ApiError(
        code,
        f"The code can't be kept in {place}: {error.strerror}. {advice}, or start the server with --state on another.",
    )
