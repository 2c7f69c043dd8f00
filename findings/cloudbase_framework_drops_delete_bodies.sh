#!/bin/sh
# @cloudbase/functions-framework 1.18.0; Node.js 20
#
# CloudBase's own framework for functions, which also runs them locally (tcb-ff), drops the JSON body of a DELETE without a
# word: the function gets {} with status 200, while the headers of the same call say that 7 bytes have come. POST, PUT and
# PATCH bring the body. A REST handler that reads the ids to delete from the body deletes nothing, or by its defaults.
#
# Seen 2026-11-30:
#   POST: {"read":{"a":1},"length":"7"}
#   PUT: {"read":{"a":1},"length":"7"}
#   PATCH: {"read":{"a":1},"length":"7"}
#   DELETE: {"read":{},"length":"7"}
set -eu
folder=$(mktemp -d)
trap '[ -z "${server:-}" ] || kill "$server"; rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund @cloudbase/functions-framework@1.18.0
mkdir "$folder/app"
echo '{"name": "app", "version": "1.0.0", "main": "index.js"}' > "$folder/app/package.json"
cat > "$folder/app/index.js" <<'JAVASCRIPT'
exports.main = async (event, context) => ({ read: event, length: context.httpContext.headers["content-length"] });
JAVASCRIPT
port=$(node -e "const s = require('net').createServer().listen(0, () => { console.log(s.address().port); s.close(); })")
cd "$folder" # where it writes its logs
node_modules/.bin/tcb-ff --port "$port" --source "$folder/app" > "$folder/log" 2>&1 &
server=$!
until curl --silent --output /dev/null "http://127.0.0.1:$port/"; do sleep 0.2; kill -0 "$server"; done
for method in POST PUT PATCH DELETE; do
    printf '%s: ' $method
    curl --silent --request $method --data '{"a":1}' --header 'Content-Type: application/json' "http://127.0.0.1:$port/"
    echo
done | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
POST: {"read":{"a":1},"length":"7"}
PUT: {"read":{"a":1},"length":"7"}
PATCH: {"read":{"a":1},"length":"7"}
DELETE: {"read":{},"length":"7"}
TEXT
diff "$folder/expected" "$folder/seen"
