"""``scf local env`` without a server; with one it is in ``tests/local/test_serve.py``."""


def test_without_a_server_it_names_the_command_that_starts_one(run_scf, tmp_path):
    done = run_scf("local", "env", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (6, "")
    assert (
        done.stderr
        == f"scf: error: no local SCF runs from {tmp_path} or a folder above; start one with: scf local start\n"
    )


def test_unset_prints_how_to_leave(run_scf, tmp_path):
    done = run_scf("local", "env", "--unset", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith("unset TENCENTSERVERLESS_ENDPOINT_URL ")
    assert "TENCENTCLOUD_SECRET_KEY" in done.stdout.split()
