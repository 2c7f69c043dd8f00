"""Which package is missing, of an import that failed."""

import pytest

from tencentserverless.cli.extras import find_missing


@pytest.mark.parametrize(
    ("name", "package"),
    [
        ("click", "click"),
        ("cryptography.hazmat.primitives", "cryptography"),
        ("tencentserverless", ""),
        ("tencentserverless.local.serve", ""),
        ("tencentserverless_other", "tencentserverless_other"),
        (None, ""),
    ],
)
def test_a_module_of_ours_is_never_what_is_missing(name, package):
    assert find_missing(ImportError("no", name=name)) == package
