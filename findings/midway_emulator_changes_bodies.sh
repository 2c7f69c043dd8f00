#!/bin/sh
# @midwayjs/serverless-scf-trigger 3.4.3 with @midwayjs/core 3.20.11; Node.js 20
#
# ApiGatewayTrigger, by which Midway runs a function for SCF locally and in tests, hands the function another body than the
# gateway does, which passes on the text that came. A form arrives as JSON, and plain text, XML and bytes arrive as "{}",
# as does a GET, which has no body. So a function that parses forms or XML fails locally, and one that was written to what
# it got locally fails in the cloud. Nothing is logged, and the status is 200.
#
# Seen 2026-12-01, what the function's event holds as body:
#   application/json {"a":1}: {"a":1}
#   application/x-www-form-urlencoded a=1&b=2: {"a":"1","b":"2"}
#   text/plain hello: {}
#   text/xml <xml/>: {}
#   GET without a body: {}
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    @midwayjs/serverless-scf-trigger@3.4.3 @midwayjs/core@3.20.11
cat > "$folder/ask.js" <<'JAVASCRIPT'
const { ApiGatewayTrigger } = require('@midwayjs/serverless-scf-trigger');

const BODIES = {
  'application/json': '{"a":1}',
  'application/x-www-form-urlencoded': 'a=1&b=2',
  'text/plain': 'hello',
  'text/xml': '<xml/>',
};
const handler = async ([event]) => ({ statusCode: 200, headers: {}, body: event.body });

new ApiGatewayTrigger().delegate(handler).then((app) => {
  const server = app.listen(0, '127.0.0.1', async () => {
    const url = `http://127.0.0.1:${server.address().port}/items`;
    for (const [type, body] of Object.entries(BODIES)) {
      const answer = await fetch(url, { method: 'POST', headers: { 'content-type': type }, body });
      console.log(`${type} ${body}: ${await answer.text()}`);
    }
    console.log(`GET without a body: ${await (await fetch(url)).text()}`);
    process.exit();
  });
});
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
application/json {"a":1}: {"a":1}
application/x-www-form-urlencoded a=1&b=2: {"a":"1","b":"2"}
text/plain hello: {}
text/xml <xml/>: {}
GET without a body: {}
TEXT
diff "$folder/expected" "$folder/seen"
