#!/bin/sh
# @midwayjs/serverless-scf-starter 3.4.0 (@midwayjs/serverless-http-parser 3.20.10); tencent-serverless-http 1.3.2; Node.js 20
#
# An HTTP event of SCF with isBase64Encoded holds bytes, such as an uploaded picture. Midway decodes base64 and then reads
# the bytes as UTF-8, of whatever type they are: each byte that is no UTF-8 becomes U+FFFD, and ctx.request.body is a text
# from which the picture can't be made again. Status 200, no warning. ctx.req.getOriginEvent().body still has the base64.
# tencent-serverless-http gives the app the bytes.
#
# Seen 2026-12-01, the first eight bytes of a PNG file:
#   sent: 89504e470d0a1a0a
#   Midway: a string of efbfbd504e470d0a1a0a
#   tencent-serverless-http: 89504e470d0a1a0a
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    @midwayjs/serverless-scf-starter@3.4.0 @midwayjs/serverless-http-parser@3.20.10 tencent-serverless-http@1.3.2
cat > "$folder/ask.js" <<'JAVASCRIPT'
const { buffer } = require('stream/consumers');
const midway = require('@midwayjs/serverless-scf-starter');
const tencent = require('tencent-serverless-http');

const PNG = Buffer.from('89504e470d0a1a0a', 'hex');
const makeEvent = () => ({
  requestContext: { serviceId: 'service-f94sy04v', path: '/pictures', httpMethod: 'POST', stage: 'release' },
  headers: { 'content-type': 'image/png', host: 'service-f94sy04v.gz.apigw.tencentcs.com' },
  body: PNG.toString('base64'), isBase64Encoded: true,
  path: '/pictures', httpMethod: 'POST', queryString: {}, queryStringParameters: {}, pathParameters: {},
});

async function askMidway() {
  const runtime = await midway.start();
  const handler = runtime.asyncEvent(async ({ request: { body } }) => `a ${typeof body} of ${Buffer.from(body).toString('hex')}`);
  return (await handler(makeEvent(), {})).body;
}

async function askTencent() {
  const app = async (request, response) => response.end((await buffer(request)).toString('hex'));
  return (await tencent.proxy(tencent.createServer(app), makeEvent(), {}, 'PROMISE').promise).body;
}

(async () => {
  console.log(`sent: ${PNG.toString('hex')}`);
  console.log(`Midway: ${await askMidway()}`);
  console.log(`tencent-serverless-http: ${await askTencent()}`);
  process.exit();
})();
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
sent: 89504e470d0a1a0a
Midway: a string of efbfbd504e470d0a1a0a
tencent-serverless-http: 89504e470d0a1a0a
TEXT
diff "$folder/expected" "$folder/seen"
