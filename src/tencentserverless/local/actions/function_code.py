"""The code of a function or a layer: the structure Code, and how a zip file that it names becomes a package.

Sources: cloud.tencent.com/document/api/583/17244 (Code), 18586 (CreateFunction) and 18581 (UpdateFunctionCode).
"""

import asyncio
import base64
import binascii
import contextlib
import errno
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from tencentserverless.local.actions.cos_objects import CosObject, check_object, open_object
from tencentserverless.local.actions.parameters import Table, choose
from tencentserverless.local.errors import ApiError
from tencentserverless.local.registry.database import DatabaseError
from tencentserverless.local.registry.function_version import FunctionRecord, Package
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


class Terms(NamedTuple):
    """The words and error codes of an action for its code.

    :param failed: for code that can't be kept
    :param form: for a request without code, or with two sources
    :param zip_file: for a zip file that is refused
    :param no_object: for an object of COS that is not there
    """

    failed: str
    name: str = "Code"
    form: str = "InvalidParameterValue.Code"
    zip_file: str = "InvalidParameterValue.ZipFile"
    no_object: str = "InvalidParameterValue.CosObjectName"


COS = "Cos"
_COS_FIELDS = ("CosBucketName", "CosObjectName")
#: Other places that code can come from in the cloud, by the field that names them, with advice for the local SCF.
_ELSEWHERE = {
    "TempCosObjectName": "code in a temporary bucket: read the file and send it",
    "DemoId": "code of a template: download the template and send it",
    "GitUrl": "code in a Git repository: check it out, pack it and send it",
    "ImageConfig": "images: pack the handler's code and send it",
}
_NO_COS = (
    "code in COS: start it with --cos DIR, a folder that holds the files BUCKET/OBJECT, or download the object and "
    "send it"
)


def find_source(
    code: CodeTable, source: str | None, sources: tuple[str, ...], terms: Terms, *, has_cos: bool
) -> str | CosObject:
    """Return the one source of a request's code: a zip file in base64, or an object of COS.

    :param source: CodeSource, as received
    :param has_cos: true if the server has a folder of objects
    :raises ApiError: if the request has no code, several, or code from a place that no local SCF reaches
    """
    names_cos = any(getattr(code, name) for name in _COS_FIELDS)
    default = COS if names_cos and COS in sources else ZIP_FILE
    chosen = choose("CodeSource", source, sources, default, "InvalidParameterValue.CodeSource")
    elsewhere = [name for name in (*_COS_FIELDS, *_ELSEWHERE) if getattr(code, name)]
    if elsewhere and code.ZipFile:
        raise ApiError(terms.form, f"{terms.name} has both ZipFile and {elsewhere[0]}; it takes one source.")
    unserved = [name for name in elsewhere if name not in _COS_FIELDS]
    if unserved:
        raise _unserved(_ELSEWHERE[unserved[0]], terms)
    if names_cos or chosen == COS:
        if not has_cos:
            raise _unserved(_NO_COS, terms)
        return check_object(code.CosBucketName, code.CosObjectName, code.CosBucketRegion)
    if chosen != ZIP_FILE:
        raise _unserved(f"CodeSource {chosen}: send the code", terms)
    if not code.ZipFile:
        raise ApiError(terms.form, f"{terms.name} has no ZipFile: a zip file, in base64.")
    return code.ZipFile


def _unserved(where: str, terms: Terms) -> ApiError:
    return ApiError("UnsupportedOperation", f"The local SCF does not serve {where} as {terms.name}.ZipFile, in base64.")


async def unpack(services: Services, source: str | CosObject, terms: Terms) -> Draft:
    """Make a package from a zip file in base64, or from an object of COS.

    :raises ApiError: if it is no valid zip file, or is not there, or the disk is full
    """
    async with services.unpacking:
        try:
            return await asyncio.to_thread(_unpack, services, source, terms)
        except OSError as error:
            raise refuse_unkept(services.packages.root, terms.failed, error) from error


def _unpack(services: Services, source: str | CosObject, terms: Terms) -> Draft:
    if isinstance(source, CosObject):
        return _unpack_object(services, source, terms)
    try:
        # Python 2's base64.encodestring, used by old deployment scripts, breaks its lines.
        archive = base64.b64decode(source.translate(_LINE_ENDS).encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        problem = str(error) if isinstance(error, binascii.Error) else "not ASCII"
        raise ApiError(
            "InvalidParameterValue.ZipFileBase64BinasciiError", f"ZipFile is not base64: {problem}."
        ) from None
    try:
        return services.packages.unpack(archive)
    except BadPackage as error:
        raise ApiError(terms.zip_file, f"ZipFile can't be taken: {error}.") from error


def _unpack_object(services: Services, source: CosObject, terms: Terms) -> Draft:
    assert services.settings.cos is not None, "find_source refuses objects where there is no folder of them"
    with open_object(services.settings.cos, source, terms.no_object) as archive:
        try:
            return services.packages.unpack_file(archive)
        except BadPackage as error:
            raise ApiError("InvalidParameterValue.Cos", f"The {source} can't be taken: {error}.") from error


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


def adopt(services: Services, draft: Draft, check: Callable[[], object]) -> Package:
    """Put a draft in its place, after a new check: the catalogue may have changed meanwhile.

    :raises ApiError: what the check raises; then the draft is discarded
    """
    try:
        check()
    except ApiError:
        asyncio.get_running_loop().run_in_executor(None, draft.discard)
        raise
    return services.packages.adopt(draft)


@contextlib.contextmanager
def keeping(services: Services, code: str, what: str = "function") -> Iterator[None]:
    """Turn a database error into a refusal that names the disk.

    :param code: the action's code for failures
    :param what: what is kept
    :raises ApiError: if the database can't store the change
    """
    try:
        yield
    except DatabaseError as error:
        place = services.packages.root.parent
        problem = f"The {what} can't be kept in {place}: {error}. Nothing has changed. Make room on that disk."
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
