#!/bin/sh
# tencentcloud-sdk-python-common 3.1.195, tencentcloud-sdk-python-cvm 3.1.178; pip of Python 3.11
#
# The packages of Tencent's official SDK install into one folder, and each of them owns tencentcloud/__init__.py. So
# "pip uninstall" of one product takes that file from all the others: every client of the SDK then fails, since it reads
# tencentcloud.__version__. The full tencentcloud-sdk-python owns all files of -common and of each product in the same
# way. "pip check" finds nothing wrong, before or after.
#
# Seen 2026-11-29:
#   before: credential, common_client
#   after pip uninstall tencentcloud-sdk-python-cvm: module 'tencentcloud' has no attribute '__version__'
#   pip check: No broken requirements found.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet tencentcloud-sdk-python-common==3.1.195 tencentcloud-sdk-python-cvm==3.1.178
cat > "$folder/load.py" <<'PYTHON'
try:
    from tencentcloud.common import common_client, credential

    print(credential.__name__.rpartition(".")[2], common_client.__name__.rpartition(".")[2], sep=", ")
except AttributeError as error:
    print(error)
PYTHON
echo "before: $("$folder/venv/bin/python" "$folder/load.py")"
"$folder/venv/bin/pip" uninstall --quiet --yes tencentcloud-sdk-python-cvm
echo "after pip uninstall tencentcloud-sdk-python-cvm: $("$folder/venv/bin/python" "$folder/load.py")"
echo "pip check: $("$folder/venv/bin/pip" check)"
