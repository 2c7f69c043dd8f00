"""``serverless.yml``: what is read, and how an error names file, line, key and value."""

import pytest

from tencentserverless.local.errors import Reason, StartupError
from tencentserverless.local.registry.package_contents import PackRules
from tests.local.project.reading import read_one

HEAD = "component: scf\nname: demo\napp: shop\n"


@pytest.fixture
def read(tmp_path):
    (tmp_path / "code").mkdir()

    def read(text, environment=None):
        path = tmp_path / "serverless.yml"
        path.write_text(text, encoding="utf-8")
        return read_one(path, environment)

    return read


def inputs(*lines):
    return HEAD + "inputs:\n" + "".join(f"  {line}\n" for line in ("src: ./code", *lines))


def source(text):
    return f"{HEAD}inputs:\n  src: {{src: ./code, {text}}}\n"


def test_defaults(read, tmp_path):
    record, notices, _ = read(inputs())
    assert str(record.key) == "ap-guangzhou/default/demo-dev-shop"
    assert (record.handler, record.runtime) == ("index.main_handler", "Nodejs10.15")
    assert (record.memory_mb, record.timeout_seconds, record.init_timeout_seconds) == (128, 3, 65)
    assert (record.code_folder, record.environment, record.type) == (tmp_path / "code", {}, "Event")
    assert notices == []


@pytest.mark.parametrize("handler", [None, "index", "any words", "a.b.c"])
def test_a_custom_runtimes_handler_is_its_own_affair_and_may_be_left_out(read, handler):
    record, _, _ = read(inputs("runtime: CustomRuntime", *([f"handler: {handler}"] if handler else [])))
    assert (record.runtime, record.handler) == ("CustomRuntime", handler or "index.main_handler")


@pytest.mark.parametrize("handler", ["''", '"a\\0b"', "x" * 122])
def test_a_custom_runtimes_handler_has_bounds(read, handler):
    with pytest.raises(StartupError, match="handler must be 1 to 121 characters without NUL"):
        read(inputs("runtime: CustomRuntime", f"handler: {handler}"))


def test_everything(read):
    record, notices, idle = read(
        inputs(
            "name: ${name}-x",
            "region: ${env:REGION}",
            "namespace: space",
            "handler: main.run",
            "runtime: Python3.6",
            "memorySize: 3072",
            "timeout: ${env:SECONDS}",
            "initTimeout: 300",
            "description: ${stage} of ${app}",
            "environment: {variables: {A: 1, B: yes, C: '${env:REGION}'}}",
            "events: [{timer: {parameters: {cronExpression: '* * * * * * *'}}}]",
            "eip: true",
        ),
        {"REGION": "ap-chengdu", "SECONDS": "900"},
    )
    assert str(record.key) == "ap-chengdu/space/demo-x"
    assert (record.handler, record.runtime, record.description) == ("main.run", "Python3.6", "dev of shop")
    assert (record.memory_mb, record.timeout_seconds, record.init_timeout_seconds) == (3072, 900, 300)
    assert record.environment == {"A": "1", "B": "yes", "C": "ap-chengdu"}
    assert idle == ("eip",)
    (notice,) = notices
    assert notice.endswith("timer-demo-dev is closed, and never fires, as the tool deploys it; enable: true opens it")
    assert "yes" not in repr(record)


def test_an_environment_without_variables_sets_none(read):
    record, (notice,), _ = read(inputs("environment: [{key: A, value: b}]"))
    assert record.environment == {}
    assert notice.endswith(
        ":6: inputs.environment has no key 'variables': the tool sets no variable; write variables: {KEY: value}"
    )


def test_what_a_hook_makes_is_the_code(read, tmp_path):
    (tmp_path / "dist").mkdir()
    text = f"{HEAD}inputs:\n  src: {{src: ./code, hook: make, dist: ./dist}}\n"
    record, (notice,), idle = read(text)
    assert (record.code_folder, idle) == (tmp_path / "dist", ())
    assert "inputs.src.hook is not run here: the code is what lies in 'dist' now" in notice
    (tmp_path / "dist").rmdir()
    with pytest.raises(StartupError, match=r"inputs\.src\.dist must be the folder of the code, but there is no"):
        read(text)


def test_what_is_packed(read):
    def rules(*lines):
        return read(HEAD + "inputs:\n  src:\n    src: ./code\n" + "".join(f"    {line}\n" for line in lines))

    record, notices, _ = rules("exclude: [.env, 'tests/**']", "include: data")
    assert record.packing == PackRules((".env", "tests/**"), ("data",))
    assert notices == []
    assert read(inputs())[0].packing == PackRules()
    record, notices, idle = rules("bucket: mine", "exclude: []")
    assert record.packing == PackRules()
    assert (notices, idle) == ([], ("src.bucket",))


@pytest.mark.parametrize(("text", "words"), [("component: apigateway\n", "'apigateway'"), ("a: 1\n", "neither")])
def test_files_of_other_components_are_passed_over(read, text, words):
    record, notices, _ = read(text)
    assert record is None
    assert words in notices[0]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        (inputs("memorySize: 100"), 6, "inputs.memorySize must be 64, or 128 to 3072 in steps of 128, not 100"),
        (inputs("timeout: 901"), 6, "inputs.timeout must be 1 to 900 seconds, not 901"),
        (inputs("timeout: 3.5"), 6, "inputs.timeout must be a whole number, not '3.5'"),
        (inputs("timeout: [3]"), 6, "inputs.timeout must be a text, not a list"),
        (inputs("initTimeout: 2"), 6, "inputs.initTimeout must be 3 to 300 seconds, not 2"),
        (inputs("name: 1st"), 6, "inputs.name must be 2 to 60 letters"),
        (inputs("name: a"), 6, "inputs.name must be 2 to 60 letters"),
        (inputs("namespace: a b"), 6, "inputs.namespace must be 1 to 60"),
        (inputs("region: Guangzhou"), 6, "inputs.region must be a region such as ap-guangzhou, not 'Guangzhou'"),
        (inputs("runtime: python3"), 6, "inputs.runtime must be a runtime such as Python3.10, not 'python3'"),
        (source("exclude: [a, ../b]"), 5, "src.exclude[1] '../b' must stay in the folder"),
        (source("exclude: {a: b}"), 5, "inputs.src.exclude must be a text, not a mapping"),
        (source("exclude: ['']"), 5, "'' must name files, such as tests/**"),
        (inputs("handler: index"), 6, "inputs.handler must be 'file.function'"),
        (inputs("type: job"), 6, "inputs.type must be 'event' or 'web', not 'job'"),
        (inputs("timeout: 1", "timeout: 2"), 7, "inputs.timeout stands twice"),
        (inputs("environment: {variables: [a]}"), 6, "inputs.environment.variables must be a mapping, not a list"),
        (inputs("environment: {variables: {SCF_X: a}}"), 6, "'SCF_X' is reserved"),
        (inputs("environment: {variables: {1a: a}}"), 6, "'1a' must be letters"),
        (inputs("environment: {variables: {A: %s}}" % ("x" * 5000)), 6, "the platform takes 4096"),
        (inputs("description: %s" % ("x" * 1001)), 6, "must be at most 1000 characters"),
        (HEAD + "inputs:\n  src: ./nowhere\n", 5, "inputs.src must be the folder of the code, but there is no"),
        (HEAD + "inputs:\n  src: {bucket: b, object: o}\n", 5, "names code in COS"),
        (HEAD + "inputs:\n  name: ab\n", 5, "inputs has no 'src'"),
        (HEAD, 1, "has no key 'inputs'"),
        (HEAD + "inputs: 5\n", 4, "inputs must be a mapping, not '5'"),
        (HEAD + "input: {}\n", 1, "the file has no key 'inputs'"),
        ("component: scf\ninputs:\n  src: ./code\n", 3, "needs the key 'name' at the top"),
        ("- a list\n", 1, "must be a mapping, not a list"),
        ("a: [1,\nb: 2\n", 3, "not YAML: expected"),
        ("a: b: c\n", 1, "not YAML: mapping values are not allowed here"),
        (inputs("environment: {variables: {A: &x [*x, *x]}}"), 6, "variables.A holds itself, or more than"),
        (inputs("environment: &x {<<: *x}"), 6, "inputs.environment merges itself, or more than"),
        (HEAD + "inputs: {}\n---\nname: two\n", 5, "not YAML: a second document begins here"),
    ],
)
def test_errors_name_file_line_key_and_value(read, tmp_path, text, line, words):
    with pytest.raises(StartupError) as refusal:
        read(text)
    assert refusal.value.reason is Reason.PROJECT
    message = str(refusal.value)
    assert message.startswith(f"{tmp_path / 'serverless.yml'}:{line}: "), message
    assert words in message
    assert "\n" not in message


def test_a_file_that_is_no_text(tmp_path):
    path = tmp_path / "serverless.yml"
    for content, words in (
        (b"\xff\xfe\x00", "not UTF-8"),
        (b"a: \x00", "not YAML"),
        (b"a" * 1_048_577, "1048577 bytes"),
    ):
        path.write_bytes(content)
        with pytest.raises(StartupError, match=words):
            read_one(path)
