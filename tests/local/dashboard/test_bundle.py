"""All modules of the pages as one script: what each form of import and export becomes, and that it runs."""

import shutil
import subprocess

import pytest

from tencentserverless.local.dashboard.bundle import Unreadable, make_bundle

FILES = {
    "app.js": 'import { told, Sum as Total } from "./core/a.js";\n'
    'const { later } = await import("./pages/b.js");\n'
    "console.log(told, new Total(2).value, later());\n",
    "core/a.js": 'import one from "../vendor/one.mjs";\n'
    'export { two, three as four } from "../vendor/many.mjs";\n'
    "export const told = one(1);\n"
    "export class Sum {\n  constructor(value) {\n    this.value = value + 1;\n  }\n}\n"
    'export async function unused() {\n  return "an export and an import";\n}\n',
    "pages/b.js": 'import {\n  two,\n  four,\n} from "../core/a.js";\n'
    'export function later() {\n  return [two, four, new URL("c.json", import.meta.url).href.slice(-12)];\n}\n',
    "vendor/one.mjs": "export default function(a){return a+41}\n",
    "vendor/many.mjs": 'import o from"./one.mjs";var n=o(1),t="3";export{n as two,t as three};\n',
}


def test_each_module_is_in_it_once_and_before_what_needs_it_at_once():
    bundle = make_bundle(FILES.__getitem__)
    assert all(bundle.count(f'$modules["{name}"] = ') == 1 for name in FILES if name != "app.js")
    assert bundle.endswith("console.log(told, new Total(2).value, later());\n")
    assert "import.meta.url" in bundle.partition("$modules[")[0]
    assert "import.meta.url" not in bundle.partition("$modules[")[2]


@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
def test_it_does_what_the_modules_do(tmp_path):
    path = tmp_path / "static" / "bundle.mjs"
    path.parent.mkdir()
    path.write_text(make_bundle(FILES.__getitem__))
    done = subprocess.run(["node", str(path)], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("42 3 [ 42, '3', 'pages/c.json' ]\n", "")


@pytest.mark.parametrize(
    "text",
    [
        'import "./core/a.js";\n',
        'import * as all from "./core/a.js";\n',
        "export let changed = 1;\n",
        'export * from "./core/a.js";\n',
        "const found = await import(name);\n",
        'import both, { two } from "./core/a.js";\n',
    ],
)
def test_a_form_that_the_pages_do_not_use_is_refused(text):
    with pytest.raises(Unreadable, match=r"^app\.js: "):
        make_bundle({**FILES, "app.js": f"// What this is.\n{text}"}.__getitem__)
