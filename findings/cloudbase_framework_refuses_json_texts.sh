#!/bin/sh
# @cloudbase/functions-framework 1.18.0; Node.js 20
#
# CloudBase's own framework for functions (tcb-ff) refuses a JSON body that is a text, a number, true or null, with the 400
# of broken JSON and no reason; the function is not called. Objects and lists pass. All six
# are JSON by RFC 8259. A function whose event is a plain text or a number can't be tried with it.
#
# Seen 2026-11-30:
#   {"a":1}: 200
#   [1,2]: 200
#   "text": 400
#   12: 400
#   true: 400
#   null: 400
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
for body in '{"a":1}' '[1,2]' '"text"' 12 true null; do
    printf '%s: ' "$body"
    curl --silent --output /dev/null --write-out '%{http_code}\n' --data "$body" --header 'Content-Type: application/json' \
        "http://127.0.0.1:$port/"
done | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
{"a":1}: 200
[1,2]: 200
"text": 400
12: 400
true: 400
null: 400
TEXT
diff "$folder/expected" "$folder/seen"
