"""Folder, API and restarts as a state machine, against a plain model: what changed last stands, and nothing is lost.

Folders, database and catalogue are real, without a server around them. The model keeps what each function should
be, and when each part of it was changed last.
"""

import hashlib
import shutil
import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tencentserverless.local.function_folders import scan_folder, scan_folders
from tencentserverless.local.project.discovery import discover
from tencentserverless.local.registry.catalogue import restore
from tencentserverless.local.registry.database import Database
from tencentserverless.local.registry.function import Alias, new_function
from tencentserverless.local.registry.function_version import LATEST, FunctionKey, FunctionRecord
from tencentserverless.local.registry.packages import Packages
from tencentserverless.local.settings import Settings
from tests.profiles import examples

REGION = "ap-guangzhou"
NAMES = ("one", "two")
IN_FOLDER = "in its folder"
MANIFEST = "component: scf\nname: x\ninputs: {name: %s, src: ., runtime: Python3.10, memorySize: %d}\n"
names = st.sampled_from(NAMES)


@dataclass
class Fn:
    """What a function should be.

    :ivar folder: the content of its folder as the server saw it last: code, and memory of its manifest
    :ivar code: where the code of ``$LATEST`` is from
    :ivar code_at: when the API changed it last, and ``folder_at``: when the folder was changed last
    """

    folder: tuple[int, int] | None = None
    is_absent: bool = True
    exists: bool = False
    code: str = IN_FOLDER
    memory: int = 128
    timeout: int = 3
    versions: dict[str, str] = field(default_factory=dict)
    given: int = 0
    aliases: dict[str, str] = field(default_factory=dict)
    reserved: int | None = None
    api_code_at: int = 0

    def begin(self, code, memory):
        """It is new."""
        self.exists, self.code, self.memory, self.timeout = True, code, memory, 3
        self.versions, self.given, self.aliases, self.reserved = {}, 0, {"$DEFAULT": LATEST}, None
        self.api_code_at = 0

    @property
    def is_away(self):
        return self.exists and self.is_absent and self.code == IN_FOLDER


class Registry(RuleBasedStateMachine):
    """Saves, renames, deployments, versions, aliases, deletions, restarts and kills."""

    @initialize()
    def start(self):
        self.base = Path(tempfile.mkdtemp(prefix="scf-merge-"))
        self.root, self.aside = self.base / "project", self.base / "aside"
        self.root.mkdir()
        self.aside.mkdir()
        self.state = self.base / "state.db"
        self.now = self.starts = 0
        self.fns = {name: Fn() for name in NAMES}
        self.disk = {}  # what folders hold
        self.stash = {}  # what those hold that are away
        self.folder_at = dict.fromkeys(NAMES, 0)
        self.open()
        for name in NAMES:
            self.save(name, has_other_memory=False)
        self.look()

    def teardown(self):
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.base)

    def tick(self):
        self.now += 1
        return self.now

    def open(self):
        self.database = Database(self.state, pytest.fail)
        project = discover(self.root, REGION, {}, float(self.now), may_be_empty=True)
        looks = scan_folders(project)
        self.catalogue, self.notices = restore(self.database, Packages(self.base / "packages").locate, looks)
        self.looked = dict.fromkeys(NAMES, 0)
        self.pending = []

    def key(self, name):
        return FunctionKey(REGION, "default", name)

    # What people do with folders.

    def write(self, name, code, memory):
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        (folder / "index.py").write_text(f"WORD = {code}\n")
        (folder / "serverless.yml").write_text(MANIFEST % (name, memory))
        self.folder_at[name] = self.now
        self.disk[name] = (code, memory)

    @rule(name=names, has_other_memory=st.booleans())
    def save(self, name, has_other_memory):
        if name in self.stash:
            return
        now = self.tick()
        memory = self.disk.get(name, (0, 128))[1]
        self.write(name, now, 128 * (1 + now % 20) if has_other_memory else memory)

    @rule(name=names)
    def check_out_another_branch(self, name):
        if name in self.stash:
            (self.aside / name).rename(self.root / name)
            self.disk[name] = self.stash.pop(name)
        elif name in self.disk:
            self.look()  # else nobody knows what was away
            (self.root / name).rename(self.aside / name)
            self.stash[name] = self.disk.pop(name)

    @rule(name=names)
    def remove_folder(self, name):
        if name in self.disk:
            shutil.rmtree(self.root / name)
            del self.disk[name]

    # What the server does.

    def met(self, name, content):
        """A look at a folder is followed."""
        fn = self.fns[name]
        fn.is_absent = content is None
        if content is None or content == fn.folder:
            return
        before, fn.folder = fn.folder, content
        memory = content[1]
        if not fn.exists:
            fn.begin(IN_FOLDER, memory)
            return
        fn.code = IN_FOLDER
        if before is None or before[1] != memory:
            fn.memory, fn.timeout = memory, 3

    def follow(self, moment, looks, contents):
        self.catalogue.apply_sync(looks, moment)
        for name in NAMES:
            if self.key(name) in looks and self.looked[name] <= moment:
                self.looked[name] = moment
                self.met(name, contents.get(name))

    def see(self):
        moment = self.catalogue.begin_scan()
        project = discover(self.root, REGION, {}, float(self.now), may_be_empty=True)
        looks = {**dict.fromkeys(self.catalogue.kept()), **scan_folders(project)}
        return moment, looks, dict(self.disk)

    @rule()
    def look(self):
        self.follow(*self.see())
        for name, fn in self.fns.items():
            if fn.exists and name in self.disk:
                is_newer = self.folder_at[name] > fn.api_code_at
                assert (fn.code == IN_FOLDER) == is_newer, "the model itself: what changed last stands"

    @precondition(lambda self: len(self.pending) < 3)
    @rule()
    def begin_scan(self):
        self.pending.append(self.see())

    @precondition(lambda self: self.pending)
    @rule(number=st.integers(0, 2))
    def end_look(self, number):
        self.follow(*self.pending.pop(number % len(self.pending)))

    @rule(is_killed=st.booleans(), is_moved=st.booleans(), saved=st.sampled_from([None, *NAMES]))
    def restart(self, is_killed, is_moved, saved):
        """A server ends and another one begins; a file may be saved, and the project moved, between the two."""
        self.starts += 1
        if saved:
            self.save(saved, has_other_memory=bool(self.starts % 2))
        if is_killed:
            place = self.base / f"state-{self.starts}"
            place.mkdir()
            for path in self.base.glob("state*.db*") if self.state.parent == self.base else self.state.parent.iterdir():
                if path.is_file():
                    shutil.copy(path, place / path.name)
            self.database.close()
            self.state = place / self.state.name
        else:
            self.database.close()
        if is_moved:
            place = self.base / f"project-{self.starts}"
            self.root.rename(place)
            self.root = place
        self.open()
        for name in NAMES:
            self.met(name, self.disk.get(name))

    # What clients do.

    def found(self, name):
        """The function as whoever is about to change it finds it, after a look at its folder."""
        kept = self.catalogue.kept().get(self.key(name))
        if kept is not None and kept.place is not None:
            moment = self.catalogue.begin_scan()
            settings = Settings(self.root, region=REGION)
            look = scan_folder(kept.place, self.key(name), settings, float(self.now))
            if look is None:  # the project has moved since the last look, as function_folders.follow_folder allows for
                project = discover(self.root, REGION, {}, float(self.now), may_be_empty=True)
                place = project.places.get(self.key(name), kept.place)
                look = scan_folder(place, self.key(name), settings, float(self.now))
            if look is not None:
                self.follow(moment, {self.key(name): look}, self.disk)
        return self.catalogue.find(self.key(name))

    def package(self, word):
        return Packages(self.base / "packages").locate(hashlib.sha256(str(word).encode()).hexdigest(), 1)

    @rule(name=names)
    def create(self, name):
        if self.found(name) is None and self.catalogue.find_away(self.key(name)) is None:
            now, fn = self.tick(), self.fns[name]
            package = self.package(now)
            record = FunctionRecord(self.key(name), "index.main_handler", "Python3.10", package.folder, package=package)
            self.catalogue.put(new_function(record))
            fn.begin(package.sha256, 128)
            fn.api_code_at = now

    @rule(name=names, is_saved_before=st.booleans())
    def send_code(self, name, is_saved_before):
        if is_saved_before:
            self.save(name, has_other_memory=False)
        function = self.found(name)
        if function is not None:
            now, fn = self.tick(), self.fns[name]
            package = self.package(now)
            latest = replace(function.latest, package=package, code_folder=package.folder)
            self.catalogue.put(function.with_latest(latest))
            fn.code, fn.api_code_at = package.sha256, now

    @rule(name=names)
    def configure(self, name):
        function = self.found(name)
        if function is not None:
            now, fn = self.tick(), self.fns[name]
            fn.timeout = 4 + now % 800
            self.catalogue.put(function.with_latest(replace(function.latest, timeout_seconds=fn.timeout)))

    def publish(self, name):
        function = self.catalogue.find(self.key(name))
        if function is not None and self.catalogue.find_away(self.key(name)) is None:
            fn, package = self.fns[name], function.latest.package or self.package(self.tick())
            number = str(function.last_version + 1)
            frozen = replace(function.latest, version=number, package=package, code_folder=package.folder)
            self.catalogue.put(function.with_version(frozen))
            assert int(number) > fn.given
            fn.given, fn.versions[number] = int(number), package.sha256

    def unpublish(self, name):
        fn = self.fns[name]
        free = [number for number in fn.versions if number not in fn.aliases.values()]
        if free and self.catalogue.find(self.key(name)):
            self.catalogue.put(self.catalogue.find(self.key(name)).without_version(free[-1]))
            del fn.versions[free[-1]]

    def point_alias(self, name):
        alias = ("live", "$DEFAULT")[self.tick() % 2]
        function, fn = self.catalogue.find(self.key(name)), self.fns[name]
        if function is not None:
            fn.aliases[alias] = max(fn.versions, default=LATEST)
            self.catalogue.put(function.with_alias(Alias(alias, fn.aliases[alias])))

    def reserve(self, name):
        megabytes = (None, 128, 256)[self.tick() % 3]
        function = self.catalogue.find(self.key(name))
        if function is not None:
            self.catalogue.put(function.with_reserved(megabytes))
            self.fns[name].reserved = megabytes

    @rule(name=names, what=st.sampled_from(["publish", "publish", "unpublish", "point_alias", "reserve"]))
    def manage(self, name, what):
        getattr(self, what)(name)

    @rule(name=names)
    def delete(self, name):
        self.found(name)
        if self.catalogue.find_kept(self.key(name)) is not None:
            self.tick()
            self.catalogue.remove(self.key(name))
            fn = self.fns[name]
            fn.exists, fn.versions, fn.aliases = False, {}, {}

    # What must be so.

    @invariant()
    def the_catalogue_holds_what_the_model_holds(self):
        for name, fn in self.fns.items() if hasattr(self, "catalogue") else ():
            key = self.key(name)
            function = self.catalogue.find_kept(key)
            assert (function is not None) == fn.exists, name
            assert (self.catalogue.find_away(key) is not None) == fn.is_away, name
            assert (self.catalogue.find(key) is not None) == (fn.exists and (not fn.is_away or bool(fn.versions)))
            if function is None:
                assert self.catalogue.reservations.of_function(key) is None
                continue
            latest = function.latest
            assert (latest.package.sha256 if latest.package else IN_FOLDER) == fn.code, name
            assert (latest.memory_mb, latest.timeout_seconds) == (fn.memory, fn.timeout), name
            versions = {each.version: each.package.sha256 for each in function.versions.values() if each.package}
            versions.pop(LATEST, None)
            assert (versions, function.last_version) == (fn.versions, fn.given), name
            assert {each.name: each.version for each in function.aliases.values()} == fn.aliases, name
            assert function.reserved_mb == self.catalogue.reservations.of_function(key) == fn.reserved, name
            if latest.package is None and not fn.is_absent and name in self.disk and not self.pending:
                assert latest.code_folder == self.root / name


TestRegistry = Registry.TestCase
TestRegistry.settings = settings(
    max_examples=examples(200, share=16), stateful_step_count=50, deadline=None, phases=(Phase.generate,)
)
TestRegistry.pytestmark = [pytest.mark.campaign]
