"""Which URL an address leads to."""

import json

from tests.local.web.urls import OPEN, ask, put_url


def test_functions_of_one_name_in_two_regions_and_namespaces_have_urls_of_their_own(start_local_scf, tmp_path):
    for name, region, namespace in (
        ("a", "ap-guangzhou", "default"),
        ("b", "ap-beijing", "default"),
        ("c", "ap-beijing", "two"),
    ):
        place = tmp_path / "functions" / name
        place.mkdir(parents=True)
        (place / "index.py").write_text(f"def main_handler(event, context):\n    return {name!r}\n")
        inputs = f"{{name: it, src: ., runtime: Python3.10, region: {region}, namespace: {namespace}}}"
        (place / "serverless.yml").write_text(f"component: scf\nname: {name}\ninputs: {inputs}\n")
    server = start_local_scf(tmp_path / "functions")
    found = {}
    for region, namespace in (("ap-guangzhou", "default"), ("ap-beijing", "default"), ("ap-beijing", "two")):
        fields = {"FunctionName": "it", "Namespace": namespace, "Type": "http", "TriggerName": "url"}
        fields |= {"Qualifier": "$DEFAULT", "TriggerDesc": json.dumps(OPEN)}
        response = server.request("CreateTrigger", fields, region=region).response
        net = json.loads(response["TriggerInfo"]["TriggerDesc"])["NetConfig"]
        found[ask(net["ExtranetUrl"]).json] = net["ExtranetUrl"]
        assert f".{region}.localhost" in net["ExtranetUrl"]
        assert ask(net["LocalUrl"]).json == ask(net["ExtranetUrl"]).json
    assert set(found) == {"a", "b", "c"}
    other = found["a"].replace("ap-guangzhou", "ap-beijing")
    assert ask(other).status == 404


def test_a_version_and_the_latest_are_different_urls(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    index = tmp_path / "functions" / "it" / "index.py"
    index.write_text("def main_handler(event, context):\n    return context['function_version']\n")
    server = start_local_scf(tmp_path / "functions")
    assert "Error" not in server.request("PublishVersion", {"FunctionName": "it"}).response
    urls = {
        qualifier: put_url(server, "it", TriggerName=f"url-{number}", Qualifier=qualifier)["ExtranetUrl"]
        for number, qualifier in enumerate(("$DEFAULT", "$LATEST", "1"))
    }
    assert {qualifier: ask(url).json for qualifier, url in urls.items()} == {
        "$DEFAULT": "$LATEST",
        "$LATEST": "$LATEST",
        "1": "1",
    }
