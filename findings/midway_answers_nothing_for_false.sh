#!/bin/sh
# @midwayjs/serverless-scf-starter 3.4.0 (@midwayjs/serverless-http-parser 3.20.10); Node.js 20
#
# What a Midway function for SCF returns becomes the body of its HTTP answer, but 0, false and "" do not: the answer is
# 204 with an empty body, so that a count of 0 or a check that fails looks like no answer, and a client that reads JSON
# finds none. Any other number, and true, arrive with 200. So do 0 and false that are set as ctx.body, and not returned.
#
# Seen 2026-12-01:
#   return 5: 200 5
#   return 0: 204 ""
#   return true: 200 true
#   return false: 204 ""
#   return "": 204 ""
#   ctx.body = 0: 200 0
#   ctx.body = false: 200 false
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    @midwayjs/serverless-scf-starter@3.4.0 @midwayjs/serverless-http-parser@3.20.10
cat > "$folder/ask.js" <<'JAVASCRIPT'
const midway = require('@midwayjs/serverless-scf-starter');

const makeEvent = () => ({
  requestContext: { serviceId: 'service-f94sy04v', path: '/count', httpMethod: 'GET', stage: 'release' },
  headers: { host: 'service-f94sy04v.gz.apigw.tencentcs.com' }, body: '', isBase64Encoded: false,
  path: '/count', httpMethod: 'GET', queryString: {}, queryStringParameters: {}, pathParameters: {},
});

midway.start().then(async (runtime) => {
  const ask = async (words, handler) => {
    const { statusCode, body } = await runtime.asyncEvent(handler)(makeEvent(), {});
    console.log(`${words}: ${statusCode} ${JSON.stringify(body)}`);
  };
  for (const value of [5, 0, true, false, '']) {
    await ask(`return ${JSON.stringify(value)}`, async () => value);
  }
  for (const value of [0, false]) {
    await ask(`ctx.body = ${value}`, async (ctx) => { ctx.body = value; });
  }
});
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
return 5: 200 5
return 0: 204 ""
return true: 200 true
return false: 204 ""
return "": 204 ""
ctx.body = 0: 200 0
ctx.body = false: 200 false
TEXT
diff "$folder/expected" "$folder/seen"
