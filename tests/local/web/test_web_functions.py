"""Web functions behind a URL: not served yet, and that is said."""

from tests.local.web.urls import ask, put_url


def test_a_web_function_says_that_it_is_not_served(start_local_scf, tmp_path):
    (tmp_path / "functions" / "it").mkdir(parents=True)
    (tmp_path / "functions" / "it" / "scf_bootstrap").write_text("#!/bin/bash\n")
    manifest = "component: scf\nname: it\ninputs: {name: it, src: ., type: web, runtime: Python3.10}\n"
    (tmp_path / "functions" / "it" / "serverless.yml").write_text(manifest)
    server = start_local_scf(tmp_path / "functions")
    got = ask(put_url(server, "it")["ExtranetUrl"], "POST", "{}")
    assert (got.status, "is a web function" in got.message) == (501, True)
