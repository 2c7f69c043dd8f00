#!/bin/sh
# @tencent-sdk/capi 2.0.3; Node.js 20
#
# capi.request({action, version, ...}) signed by V1, which is capi's default, signs an empty Version and sends the word
# "undefined": it takes the version out of the request and puts in that of the constructor's options, which were not given.
# The cloud can only answer AuthFailure.SignatureFailure or NoSuchVersion. Signed by TC3, the same request carries its
# version. It helps to give the version to the constructor too.
#
# Seen 2026-11-30:
#   V1: Version=undefined
#   V1, with the version in the constructor: Version=2018-04-16
#   TC3: Version=2018-04-16
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund @tencent-sdk/capi@2.0.3
cat > "$folder/ask.js" <<'JAVASCRIPT'
const http = require('http');
const { Capi } = require('@tencent-sdk/capi');

const server = http.createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    const version = request.headers['x-tc-version'] || new URLSearchParams(body).get('Version');
    response.end(JSON.stringify({ Response: { version } }));
  });
});
server.listen(0, '127.0.0.1', async () => {
  const host = `127.0.0.1:${server.address().port}`;
  const given = { host, protocol: 'http', serviceType: 'scf', region: 'r', secretId: 'id', secretKey: 'key' };
  for (const [words, more] of [
    ['V1', {}],
    ['V1, with the version in the constructor', { version: '2018-04-16' }],
    ['TC3', { isV3: true }],
  ]) {
    const capi = new Capi({ ...given, ...more });
    const { Response } = await capi.request({ action: 'ListFunctions', version: '2018-04-16' }, { ...given, ...more });
    console.log(`${words}: Version=${Response.version}`);
  }
  server.close();
});
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
V1: Version=undefined
V1, with the version in the constructor: Version=2018-04-16
TC3: Version=2018-04-16
TEXT
diff "$folder/expected" "$folder/seen"
