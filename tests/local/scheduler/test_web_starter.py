"""The start of a web function: the way is told once, and a port that changes changes the file too."""

import asyncio
import json
from pathlib import Path

from tencentserverless.local.access_keys import KeyRing, make_key_pair
from tencentserverless.local.scheduler.web_starter import WebLaunch, WebStarter
from tencentserverless.local.settings import Settings
from tencentserverless.local.worker.environment import Place
from tencentserverless.local.worker.interpreters import Interpreters
from tencentserverless.local.worker.output import Output
from tencentserverless.local.worker.run_directory import RunDirectory
from tencentserverless.local.worker.web_ports import WebPorts
from tests.local.worker.web_functions import LANG_PYTHON, plain, record_of, write_web

PORT_OF_PYTHON = "int(os.environ['PORT'])"


def start_two(folder, choice, **options):
    """The addresses of two instances, and the lines of the console."""

    async def scenario():
        directory, lines, addresses = RunDirectory(), [], []
        starter = WebStarter(
            Settings(Path(), web_ports=choice),
            Interpreters(is_strict=False),
            directory,
            lines.append,
            WebPorts(choice, directory.child_folder, **options),
        )
        key = KeyRing(make_key_pair(), lambda: 0.0, 3600).issue()
        try:
            for _ in range(2):
                place = Place(directory.make_scratch())
                output = Output("site", 1000, lines.append)
                worker = await starter.start(record_of(folder), WebLaunch({}, place, output, key, 128))
                assert await worker.load({}, 30) is None, lines
                addresses.append(worker.address)
                worker.kill()
                await worker.wait_closed()
            return addresses, lines
        finally:
            directory.close()

    return asyncio.run(scenario())


def test_the_way_is_told_once(tmp_path):
    addresses, lines = start_two(write_web(tmp_path, app=plain()), "shims")
    assert len(set(addresses)) == 2
    assert lines == [
        "scf: instances of web functions in Python and Node.js listen on an address each, by shims (--web-ports shims)"
    ]


def test_where_loopback_is_one_address_each_instance_has_a_port(tmp_path):
    code = plain().replace("= '0.0.0.0', 9000", f"= '0.0.0.0', {PORT_OF_PYTHON}")
    assert PORT_OF_PYTHON in code
    folder = write_web(tmp_path, f"export PORT=9000; exec {LANG_PYTHON} app.py", app=code)
    addresses, _ = start_two(folder, "shims", has_addresses=False)
    assert {host for host, _ in addresses} == {"127.0.0.1"}
    assert len({port for _, port in addresses} | {9000}) == 3
    constant = write_web(tmp_path / "constant", app=plain())
    addresses, _ = start_two(constant, "shims", has_addresses=False)
    assert 9000 not in {port for _, port in addresses}
    assert json.dumps(addresses)
