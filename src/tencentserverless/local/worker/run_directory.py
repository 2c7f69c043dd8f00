"""The folder of one run of the server: the modules that children import, and a temporary folder for each instance."""

import importlib.util
import itertools
import shutil
import tempfile
from pathlib import Path

from tencentserverless.local.private_files import let_write

LAUNCHER = "_scf_web_launcher.py"
NODE_SHIM = "net_shim.cjs"
_CHILD_MODULES = tuple(
    "bootstrap context debugger frames isolation lazy_stdlib own_writes payloads port_filter trust web_launcher".split()
)
#: What Python and Node.js load first in web functions.
_SHIMS = {"sitecustomize.py": "site_shim.py", NODE_SHIM: "net_shim.cjs"}
#: The packages that ``from tencentserverless import scf`` needs; both are pure Python and run on 3.6.
_SDK_PACKAGES = ("tencentserverless", "tencentcloud")


class RunDirectory:
    """Creates the folder of one run; ``close`` removes it with its content."""

    def __init__(self) -> None:
        self.root: Path = Path(tempfile.mkdtemp(prefix="scf-local-")).resolve()
        self.child_folder: Path = self.root / "child"
        self.sdk_folder: Path = self.root / "sdk"
        self.shim_folder: Path = self.root / "shims"
        self._scratch_numbers = itertools.count(1)
        self.child_folder.mkdir()
        self.sdk_folder.mkdir()
        self.shim_folder.mkdir()
        here = Path(__file__).resolve().parent / "child"
        for name in _CHILD_MODULES:
            (self.child_folder / f"_scf_{name}.py").symlink_to(here / f"{name}.py")
        for name, source in _SHIMS.items():
            (self.shim_folder / name).symlink_to(here / source)
        for name in _SDK_PACKAGES:
            folder = _package_folder(name)
            if folder is not None:
                (self.sdk_folder / name).symlink_to(folder)

    def sdk_places(self) -> list[Path]:
        """Return the folders that ``from tencentserverless import scf`` reads."""
        return [self.sdk_folder, *(link.resolve() for link in self.sdk_folder.iterdir())]

    def shim_places(self) -> list[Path]:
        """Return the folders that the processes of web functions read."""
        folders = [self.child_folder, self.shim_folder]
        return [*folders, *(link.resolve() for folder in folders for link in folder.iterdir())]

    def make_scratch(self) -> Path:
        """Create a folder for an instance's temporary files."""
        folder = self.root / f"tmp-{next(self._scratch_numbers)}"
        folder.mkdir(mode=0o700)
        return folder

    @staticmethod
    def mounts_of(scratch: Path) -> Path:
        """Return the folder in which an instance mounts what it needs from below /opt. It makes it itself."""
        return scratch.with_name(f"opt-{scratch.name}")

    def close(self) -> None:
        """Remove the folder. Code of an ephemeral server is in it, and read-only."""
        let_write(self.root)
        shutil.rmtree(self.root, ignore_errors=True)


def debugger_folder() -> Path | None:
    """Return the folder of debugpy, None if it is not installed."""
    folder = _package_folder("debugpy")
    return folder.parent if folder else None


def _package_folder(name: str) -> Path | None:
    """Return the folder of a package, without importing the package."""
    spec = importlib.util.find_spec(name)
    places = spec.submodule_search_locations if spec else None
    return Path(next(iter(places))).resolve() if places else None
