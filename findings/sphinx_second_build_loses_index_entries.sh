#!/bin/sh
# Sphinx 9.0.4; Python 3.11
#
# A second build that reads some of the pages takes the index entries of all other pages out of the search: searchindex.js
# is loaded, pruned and written again, and the loading leaves indexentries out. A term that only an index directive names
# is found after a build from nothing, and no longer after the next build with a change in another page.
#
# Seen 2026-11-30:
#   first build: ['433', '434']
#   after a change of another page: ['433']
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sphinx==9.0.4
mkdir "$folder/docs"
printf 'Page\n====\n\n.. toctree::\n\n   other\n   third\n\n.. index:: single: 433\n\nWords.\n' > "$folder/docs/index.rst"
printf 'Other\n=====\n\nWords.\n' > "$folder/docs/other.rst"
printf 'Third\n=====\n\n.. index:: single: 434\n\nWords.\n' > "$folder/docs/third.rst"
: > "$folder/docs/conf.py"
count() {
    "$folder/venv/bin/python" -m sphinx --quiet "$folder/docs" "$folder/html"
    "$folder/venv/bin/python" - "$folder/html/searchindex.js" <<'PYTHON'
import json
import sys

text = open(sys.argv[1], encoding="utf-8").read()
index = json.loads(text[text.index("(") + 1 : text.rindex(")")])
print(sorted(index["indexentries"]))
PYTHON
}
{
    echo "first build: $(count)"
    printf 'More words.\n' >> "$folder/docs/other.rst"
    echo "after a change of another page: $(count)"
} | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
first build: ['433', '434']
after a change of another page: ['433']
TEXT
diff "$folder/expected" "$folder/seen"
