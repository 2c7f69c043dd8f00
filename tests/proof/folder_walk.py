"""Folder, API, restarts and kills: what changed last stands, and nothing that was acknowledged is lost."""

import copy
import shutil
import signal
from pathlib import Path
from typing import Any

from tencentserverless.local.worker.interpreters import OWN_RUNTIME
from tests.proof.folder_look import look
from tests.proof.folder_model import LATEST, Fn
from tests.proof.local_process import ServerProcess
from tests.proof.test_durability import CODE, zipped
from tests.proof.walking import Divergence, Walk, fill, must_be

IN_MANIFEST, BARE, SENT = ("one", "two"), "bare", "sent"
NAMES = (*IN_MANIFEST, BARE, SENT)
ANCHOR = "anchor"  # a project without functions does not start
MANIFEST = "component: scf\nname: x\ninputs: {name: %s, src: ., runtime: %s, memorySize: %d}\n"
TIMER = "0 0 0 1 1 * *"
MAX_VERSIONS = 5
MEMORIES = (128, 256, 512, 1024)
SETTLED_SHARE = 0.7  # of saves that are waited for before the next step
RUN_SHARE = 0.1  # of steps after which some version is run
#: What a walk does, and how often.
STEPS = {
    "save": 12,
    "touch": 2,
    "move_away_or_back": 9,
    "remove": 2,
    "send_code": 9,
    "save_and_send": 4,
    "create": 4,
    "configure": 6,
    "publish": 8,
    "unpublish": 5,
    "point_alias": 7,
    "drop_alias": 2,
    "reserve": 3,
    "switch_timer": 3,
    "delete": 4,
    "restart": 6,
    "kill": 2,
    "kill_during_a_change": 4,
}


class FolderWalk(Walk):
    """Saves, renames, deployments, versions, aliases, deletions, restarts and kills of four functions."""

    steps = STEPS

    def __init__(self, folder: Path, seed: int) -> None:
        self.base, self.root, self.aside = folder, folder / "project", folder / "aside"
        for each in (self.root, self.aside):
            each.mkdir()
        fill(self.root / ANCHOR, {"index.py": CODE % "anchor"})
        super().__init__(ServerProcess(folder, self.root), seed)
        self.fns = {name: Fn() for name in NAMES}
        self.disk: dict[str, tuple[str, int]] = {}
        self.stash: dict[str, tuple[str, int]] = {}
        self.unsettled: set[str] = set()  # those of which the server need not have seen the last change yet
        self.unseen: set[str] = set()  # those that a call may run as they were saved before the server has looked
        self.touched: set[str] = set()  # in this step
        self.is_down = False

    def pick(self, names: "tuple[str, ...]" = NAMES) -> str:
        """A function, which this step is about. It is settled, so that the model knows what should come of the step."""
        name = self.rng.choice(names)
        self.touched.add(name)
        if name in self.unsettled and not self.is_down:
            self.settle(name)
        return name

    def meet(self, name: str) -> None:
        """The server, if it runs, sees what a folder holds now."""
        if not self.is_down:
            self.fns[name].meet(self.disk.get(name))

    def word(self) -> str:
        """A new one."""
        return f"w{self.now}"

    # What people do with folders.

    def write(self, name: str, word: str, memory: int) -> None:
        """Write a folder, whatever it held."""
        files = {"index.py": CODE % word}
        if name in IN_MANIFEST:
            files["serverless.yml"] = MANIFEST % (name, OWN_RUNTIME, memory)
        fill(self.root / name, files)
        self.disk[name] = (word, memory)
        self.unsettled.add(name)
        self.unseen.add(name)

    def be_seen(self, name: str) -> bool:
        """Have the server look at a folder, whose function is changed as it is: what it never saw did not change."""
        if name in self.unseen and not self.is_down:
            self.unseen.discard(name)
            if self.fns[name].is_found:
                self.change(name, "UpdateFunctionConfiguration", True, Timeout=self.fns[name].timeout)
        return name not in self.unseen

    def save(self) -> str:
        """Save another code, now and then with another manifest, or the manifest alone."""
        name = self.pick(NAMES[:-1])
        if name in self.stash:
            return f"{name} is away"
        if self.is_down and name in self.unseen:  # whether the server had seen the save before is not known
            return f"{name} stays"
        word, memory = self.disk.get(name, (self.word(), 128))
        which = self.rng.choice(("code", "code", "manifest", "both")) if name in IN_MANIFEST else "code"
        self.write(
            name,
            word if which == "manifest" else self.word(),
            memory if which == "code" else self.rng.choice(MEMORIES),
        )
        self.meet(name)
        return f"{which} of {name}: {self.disk[name]}"

    def touch(self) -> str:
        """Save the same."""
        name = self.pick(NAMES[:-1])
        if name in self.disk:
            self.write(name, *self.disk[name])
        return name

    def move_away_or_back(self) -> str:
        """Check out another branch, or the one before."""
        name = self.pick(NAMES[:-1])
        if not self.be_seen(name):
            return f"{name} stays"
        if name in self.stash:
            (self.aside / name).rename(self.root / name)
            self.disk[name] = self.stash.pop(name)
        elif name in self.disk:
            (self.root / name).rename(self.aside / name)
            self.stash[name] = self.disk.pop(name)
        self.meet(name)
        self.unsettled.add(name)
        return f"{name} {'back' if name in self.disk else 'away'}"

    def remove(self) -> str:
        """Remove a folder, wherever it is."""
        name = self.pick(NAMES[:-1])
        if not self.be_seen(name):
            return f"{name} stays"
        self.unsettled.add(name)
        for place, held in ((self.root, self.disk), (self.aside, self.stash)):
            if held.pop(name, None):
                shutil.rmtree(place / name)
        self.meet(name)
        return name

    # What clients do.

    def change(self, name: str, action: str, is_welcome: bool, **parameters: object) -> "dict[str, Any]":
        """Have the API change a function, or refuse that."""
        answer = self.api.ask(action, FunctionName=name, **parameters)
        if ("Error" not in answer) != is_welcome:
            raise Divergence(f"{action} of {name} {'should' if is_welcome else 'should not'} be taken: {answer}")
        return answer

    def deploy(self, name: str) -> None:
        fn, word = self.fns[name], self.word() + "s"
        self.change(name, "UpdateFunctionCode", fn.is_found, ZipFile=zipped(word))
        if fn.is_found:
            fn.code, fn.is_sent = word, True

    def send_code(self) -> str:
        name = self.pick()
        self.deploy(name)
        return f"{name}: {self.fns[name].code}"

    def save_and_send(self) -> str:
        """Change a function by the API in the moment in which its folder is saved: the API was last."""
        name = self.pick(NAMES[:-1])
        if name not in self.disk or not self.fns[name].exists:
            return f"{name} is away"
        self.write(name, self.word(), self.rng.choice(MEMORIES) if name in IN_MANIFEST else 128)
        self.meet(name)
        how = self.rng.choice((self.deploy, self.set_timeout, self.end))
        how(name)
        return f"{name}: {self.disk[name]}, then {how.__name__}"

    def create(self) -> str:
        name, word = self.pick(), self.word() + "c"
        fn = self.fns[name]
        parameters = {"Runtime": OWN_RUNTIME, "Code": {"ZipFile": zipped(word)}}
        self.change(name, "CreateFunction", not fn.exists, **parameters)
        if not fn.exists:
            fn.begin(word, 128, is_sent=True)
        return f"{name}: {word}"

    def set_timeout(self, name: str) -> None:
        fn, timeout = self.fns[name], 4 + self.now % 800
        self.change(name, "UpdateFunctionConfiguration", fn.is_found, Timeout=timeout)
        if fn.is_found:
            fn.timeout = timeout

    def configure(self) -> str:
        name = self.pick()
        self.set_timeout(name)
        return f"{name}: timeout {self.fns[name].timeout}"

    def publish(self) -> str:
        name = self.pick()
        fn = self.fns[name]
        if len(fn.versions) >= MAX_VERSIONS:
            return f"{name} has enough"
        answer = self.change(name, "PublishVersion", fn.exists and not fn.is_away)
        if "Error" not in answer:
            number = answer["FunctionVersion"]
            if int(number) != fn.given + 1:
                raise Divergence(f"{name} got the number {number} after {fn.given}")
            fn.given, fn.versions[number] = int(number), fn.code
        return f"{name} {fn.given}"

    def unpublish(self) -> str:
        """Delete a version; one that an alias leads to stays."""
        published = tuple(name for name, fn in self.fns.items() if fn.versions)
        if not published:
            return "there is none"
        name = self.pick(published)
        fn = self.fns[name]
        number = self.rng.choice([*fn.versions, str(max(map(int, fn.versions)))])
        is_welcome = number not in fn.aliases.values()
        self.change(name, "DeleteFunctionVersion", is_welcome, Qualifier=number)
        if is_welcome:
            del fn.versions[number]
        return f"{name} {number} {is_welcome}"

    def point_alias(self) -> str:
        name, alias = self.pick(), self.rng.choice(("$DEFAULT", "live", "next"))
        fn = self.fns[name]
        version = self.rng.choice([LATEST, *fn.versions, *fn.versions])
        action = "UpdateAlias" if alias in fn.aliases or alias == "$DEFAULT" else "CreateAlias"
        self.change(name, action, fn.is_found, Name=alias, FunctionVersion=version)
        if fn.is_found:
            fn.aliases[alias] = version
        return f"{name} {alias} {version}"

    def drop_alias(self) -> str:
        name, alias = self.pick(), self.rng.choice(("live", "next"))
        fn = self.fns[name]
        is_welcome = fn.is_found and alias in fn.aliases
        self.change(name, "DeleteAlias", is_welcome, Name=alias)
        if is_welcome:
            del fn.aliases[alias]
        return f"{name} {alias}"

    def reserve(self) -> str:
        name, megabytes = self.pick(), self.rng.choice((None, 1024, 2048))
        fn = self.fns[name]
        if megabytes is None:
            self.change(name, "DeleteReservedConcurrencyConfig", fn.is_found)
        else:
            self.change(name, "PutReservedConcurrencyConfig", fn.is_found, ReservedConcurrencyMem=megabytes)
        if fn.is_found:
            fn.reserved = megabytes
        return f"{name} {megabytes}"

    def switch_timer(self) -> str:
        name = self.pick()
        fn = self.fns[name]
        parameters = {"TriggerName": "keep", "Type": "timer"}
        if fn.has_timer:
            self.change(name, "DeleteTrigger", fn.is_found, **parameters)
        else:
            self.change(name, "CreateTrigger", fn.is_found, **parameters, TriggerDesc=TIMER)
        if fn.is_found:
            fn.has_timer = not fn.has_timer
        return f"{name} {fn.has_timer}"

    def end(self, name: str) -> None:
        fn = self.fns[name]
        self.change(name, "DeleteFunction", fn.exists)
        fn.exists = False
        fn.versions = {}

    def delete(self) -> str:
        name = self.pick()
        self.end(name)
        return name

    # What the server's end brings.

    def restart(self) -> str:
        """End the server by SIGTERM, and start it again."""
        return self.begin_again(signal.SIGTERM)

    def kill(self) -> str:
        """End the server by SIGKILL, and start it again."""
        return self.begin_again(signal.SIGKILL)

    def begin_again(self, number: int) -> str:
        """Start the next server; folders may change between the two, and the whole project may move."""
        self.end_server(number)
        self.is_down = True
        told = [
            f"{how.__name__} {how()}"
            for how in self.rng.choices((self.save, self.move_away_or_back, self.remove), (6, 3, 1), k=4)
            if self.rng.random() < 0.3
        ]
        if self.rng.random() < 0.2:
            root = self.base / f"project-{self.now}"
            self.root.rename(root)
            self.root = self.server.functions = root
            told.append("moved")
        self.is_down = False
        self.start_server()
        for name in NAMES:
            self.meet(name)
        self.unsettled.clear()
        self.unseen.clear()
        self.touched.update(NAMES)
        return "; ".join(told)

    def kill_during_a_change(self) -> str:
        """Kill the server while it changes a function: it has changed, or it has not, as the API has said."""
        name = self.pick()
        fn = self.fns[name]
        if not fn.is_found or fn.is_away:
            return self.kill()
        after = copy.deepcopy(fn)
        action, parameters = self.rng.choice((self.sending, self.publishing, self.timing_out, self.pointing))(after)
        is_acknowledged = self.kill_during(action, {"FunctionName": name, **parameters}) is not None
        self.start_server()
        before, self.fns[name] = fn, after
        if not is_acknowledged and self.look(name, True) != self.facts(name, True):
            self.fns[name] = before
        self.touched.update(NAMES)
        return f"{action} of {name}, {'acknowledged' if is_acknowledged else self.fns[name] is after}"

    def sending(self, after: Fn) -> "tuple[str, dict[str, object]]":
        after.code, after.is_sent = self.word() + "k", True
        return "UpdateFunctionCode", {"ZipFile": zipped(after.code)}

    def publishing(self, after: Fn) -> "tuple[str, dict[str, object]]":
        after.given += 1
        after.versions[str(after.given)] = after.code
        return "PublishVersion", {}

    def timing_out(self, after: Fn) -> "tuple[str, dict[str, object]]":
        after.timeout = 4 + self.now % 800
        return "UpdateFunctionConfiguration", {"Timeout": after.timeout}

    def pointing(self, after: Fn) -> "tuple[str, dict[str, object]]":
        after.aliases["$DEFAULT"] = max(after.versions, default=LATEST)
        return "UpdateAlias", {"Name": "$DEFAULT", "FunctionVersion": after.aliases["$DEFAULT"]}

    # What must be so.

    def check(self) -> None:
        """Hold what the step was about against the model. What was saved may take its time, now and then for long."""
        for name in sorted(self.touched):
            if name not in self.unsettled:
                has_all = len(self.touched) > 1
                must_be(self.look(name, has_all), self.facts(name, has_all), name)
            elif self.rng.random() < SETTLED_SHARE:
                self.settle(name)
        if len(self.touched) > 1 or self.rng.random() < RUN_SHARE:
            self.run_version()
        self.touched.clear()

    def finish(self) -> None:
        self.touched.update(NAMES)
        for name in sorted(self.unsettled):
            self.settle(name)
        self.check()

    def settle(self, name: str) -> None:
        """Wait until the server has seen what its folder holds: it says so, and runs it."""
        self.wait(lambda: self.look(name, False), self.facts(name, False), name)
        if not self.fns[name].is_away and self.fns[name].exists:
            self.wait(lambda: self.run_latest(name), self.fns[name].code, f"{name} runs")
        self.unsettled.discard(name)

    def run_latest(self, name: str, qualifier: str = LATEST) -> object:
        """What a version returns."""
        answer = self.api.ask("InvokeFunction", FunctionName=name, Qualifier=qualifier, Event="null")
        return answer["Result"]["RetMsg"].strip('"') if "Result" in answer else answer

    def run_version(self) -> None:
        """Run some version of some function."""
        name = self.rng.choice(sorted(self.touched) or NAMES)
        fn = self.fns[name]
        if name in self.unsettled or not fn.is_found:
            return
        runnable = [*fn.versions, *([] if fn.is_away else [LATEST])]
        qualifier = self.rng.choice(runnable)
        must_be(self.run_latest(name, qualifier), fn.versions.get(qualifier, fn.code), f"{name} {qualifier} runs")

    def facts(self, name: str, has_all: bool) -> "dict[str, object]":
        """What the API should say of a function; ``has_all`` with the code of each version."""
        facts = self.fns[name].facts()
        if "versions" in facts and not has_all:
            facts["versions"] = sorted(self.fns[name].versions)
        return facts

    def look(self, name: str, has_all: bool) -> "dict[str, object]":
        """What the API says of a function."""
        return look(self.api, name, has_all)
