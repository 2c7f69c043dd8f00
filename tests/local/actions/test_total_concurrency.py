"""A namespace's total memory: where it is shown, what it bounds, and that it outlives the server."""

import pytest

ECHO = "def main_handler(event, context):\n    return event\n"
HALF = 64_000


@pytest.fixture
def folder(tmp_path):
    for name in ("one", "two"):
        (tmp_path / "functions" / name).mkdir(parents=True)
        (tmp_path / "functions" / name / "index.py").write_text(ECHO)
    return tmp_path / "functions"


def do(server, action, **parameters):
    response = server.request(action, parameters).response
    assert "Error" not in response, response
    return response


def totals(server):
    usage = do(server, "GetAccount")["AccountUsage"]
    return {each["Namespace"]: each["TotalConcurrencyMem"] for each in usage["Namespace"]}


def test_the_account_shows_the_total_also_after_a_restart(start_local_scf, folder):
    server = start_local_scf(folder, "--state", folder.parent / "state")
    do(server, "CreateNamespace", Namespace="own")
    assert totals(server) == {"default": 128_000, "own": 128_000}
    do(server, "PutTotalConcurrencyConfig", Namespace="own", TotalConcurrencyMem=20_000)
    do(server, "PutTotalConcurrencyConfig", TotalConcurrencyMem=HALF)
    server.stop()
    again = start_local_scf(folder, "--state", folder.parent / "state")
    assert totals(again) == {"default": HALF, "own": 20_000}
    do(again, "DeleteNamespace", Namespace="own")
    assert totals(again) == {"default": HALF}


def test_a_total_and_the_reservations_of_its_namespace_bound_each_other(start_local_scf, folder):
    server = start_local_scf(folder)
    do(server, "PutTotalConcurrencyConfig", TotalConcurrencyMem=20_000)
    big = {"FunctionName": "one", "ReservedConcurrencyMem": 7_201}
    code, message = server.error("PutReservedConcurrencyConfig", big)
    assert (code, "7200 MB at most" in message) == ("LimitExceeded.FunctionReservedConcurrencyMemory", True)
    do(server, "PutReservedConcurrencyConfig", FunctionName="one", ReservedConcurrencyMem=7_200)
    code, message = server.error("PutTotalConcurrencyConfig", {"TotalConcurrencyMem": 19_999})
    assert (code, "20000 MB at least" in message) == ("FailedOperation.ReservedExceedTotal", True)


def test_a_total_can_not_take_what_others_have(start_local_scf, folder):
    server = start_local_scf(folder)
    do(server, "CreateNamespace", Namespace="own")
    do(server, "PutReservedConcurrencyConfig", FunctionName="one", ReservedConcurrencyMem=1_000)
    own = {"Namespace": "own"}
    assert server.error("PutTotalConcurrencyConfig", {**own, "TotalConcurrencyMem": 128_001})[0] == (
        "LimitExceeded.TotalConcurrencyMemory"
    )
    code, message = server.error("PutTotalConcurrencyConfig", {**own, "TotalConcurrencyMem": 127_001})
    assert (code, "127000 MB at most" in message) == ("LimitExceeded.UserTotalConcurrencyMemory", True)
    do(server, "PutTotalConcurrencyConfig", **own, TotalConcurrencyMem=127_000)
