"""Every test of this folder belongs to the campaigns: ``SOAK_CALLS`` and ``SOAK_KILLS`` say how long they are."""

from pathlib import Path

import pytest

from tests.proof.fault_process import Transport, make_certificates

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: "list[pytest.Item]") -> None:
    for item in items:
        if item.path.parent == HERE:
            item.add_marker(pytest.mark.campaign)


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the fault server's certificate and the roots that trust it."""
    pytest.importorskip("trustme")
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder)
    return folder


@pytest.fixture(params=[pytest.param("tls", marks=pytest.mark.proof), "tunnel"])  # in the tunnel there is TLS too
def transport(request: pytest.FixtureRequest, certificates: Path) -> Transport:
    """A way to the fault server that is not plain."""
    return Transport(request.param, str(certificates))
