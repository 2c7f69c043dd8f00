#!/bin/sh
# Sphinx 9.0.4; Python 3.11
#
# The search of HTML pages in Chinese finds nothing, for any query: language_data.js ends with window.Stemmer =
# ChineseStemmer, and no file defines such a class. The Chinese search takes the stemmer of English, for the Latin words
# of a page, and the name is now made from the language. A browser says "ChineseStemmer is not defined". It helps to add a
# search language of one's own, a subclass of SearchChinese whose language_name is "English".
#
# Seen 2026-11-30:
#   en: defined BaseStemmer EnglishStemmer, used EnglishStemmer
#   zh: defined BaseStemmer EnglishStemmer, used ChineseStemmer
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet sphinx==9.0.4 jieba==0.42.1
mkdir "$folder/docs"
printf 'Page\n====\n\nWords.\n' > "$folder/docs/index.rst"
: > "$folder/docs/conf.py"
for language in en zh; do
    "$folder/venv/bin/python" -m sphinx --quiet --define language=$language "$folder/docs" "$folder/$language"
    data="$folder/$language/_static/language_data.js"
    defined=$(grep -o '\(^\|var \)[A-Za-z]*Stemmer *= *function' "$data" | sed 's/var //; s/ *=.*//' | sort -u | paste -sd ' ' -)
    used=$(sed -n 's/^window.Stemmer = \([A-Za-z]*\);$/\1/p' "$data")
    echo "$language: defined $defined, used $used"
done | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
en: defined BaseStemmer EnglishStemmer, used EnglishStemmer
zh: defined BaseStemmer EnglishStemmer, used ChineseStemmer
TEXT
diff "$folder/expected" "$folder/seen"
