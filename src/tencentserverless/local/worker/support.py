"""The folder of one run of the server: what children import, and a scratch folder for each instance."""

import importlib.util
import itertools
import shutil
import tempfile
from pathlib import Path

from tencentserverless.local.state import let_write

_CHILD_MODULES = ("bootstrap", "context", "frames", "library")
#: What ``from tencentserverless import scf`` needs; both are pure Python and run on 3.6.
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")


class Support:
    """Makes the folder; ``close`` takes it away with everything in it."""

    def __init__(self) -> None:
        self.root: Path = Path(tempfile.mkdtemp(prefix="scf-local-")).resolve()
        self.child_folder: Path = self.root / "child"
        self.sdk_folder: Path = self.root / "sdk"
        self._scratch_numbers = itertools.count(1)
        self.child_folder.mkdir()
        self.sdk_folder.mkdir()
        here = Path(__file__).resolve().parent
        for name in _CHILD_MODULES:
            (self.child_folder / f"_scf_{name}.py").symlink_to(here / f"{name}.py")
        for name in _SDK_PACKAGES:
            folder = _package_folder(name)
            if folder is not None:
                (self.sdk_folder / name).symlink_to(folder)

    def make_scratch(self) -> Path:
        """A fresh folder for an instance's temporary files."""
        folder = self.root / f"tmp-{next(self._scratch_numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    def close(self) -> None:
        """Remove the folder. An ephemeral server keeps its code in it, which is read-only."""
        let_write(self.root)
        shutil.rmtree(self.root, ignore_errors=True)


def debugger_folder() -> Path | None:
    """Where debugpy is installed, None if it is not."""
    folder = _package_folder("debugpy")
    return folder.parent if folder else None


def _package_folder(name: str) -> Path | None:
    """Where a package is installed, without importing it."""
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None
