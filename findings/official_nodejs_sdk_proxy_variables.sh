#!/bin/sh
# tencentcloud-sdk-nodejs-common 4.1.220, tencentcloud-sdk-nodejs-scf 4.1.151; Node.js 20
#
# Of the variables that name a proxy, the official SDK for Node.js reads http_proxy alone, in small letters, and uses it for
# its calls over HTTPS. HTTPS_PROXY and https_proxy, which curl and the official SDK for Python take for such calls, have
# no effect: the SDK goes direct, and fails where only the proxy leads out. NO_PROXY has none either: with http_proxy set
# for something else, calls to a host that is excepted go through it too. It helps to give httpProfile.proxy.
#
# Seen 2026-11-30, a call of https://127.0.0.1:
#   HTTPS_PROXY: the SDK went direct
#   https_proxy: the SDK went direct
#   http_proxy: the SDK asked the proxy
#   http_proxy, NO_PROXY=127.0.0.1: the SDK asked the proxy
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    tencentcloud-sdk-nodejs-common@4.1.220 tencentcloud-sdk-nodejs-scf@4.1.151
cat > "$folder/ask.js" <<'JAVASCRIPT'
const net = require('net');
const scf = require('tencentcloud-sdk-nodejs-scf');

const NAMES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];

// Say who was reached first; neither goes on from there.
function listen(words, reached) {
  const server = net.createServer((socket) => {
    reached.push(words);
    socket.on('error', () => {});
    socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n'));
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
}

async function call(set) {
  const reached = [];
  const service = await listen('went direct', reached);
  const proxy = await listen('asked the proxy', reached);
  for (const name of NAMES) for (const each of [name, name.toUpperCase()]) delete process.env[each];
  for (const [name, value] of Object.entries(set)) process.env[name] = value || `http://127.0.0.1:${proxy.address().port}`;
  const client = new scf.scf.v20180416.Client({
    credential: { secretId: 'id', secretKey: 'key' },
    region: 'ap-guangzhou',
    profile: { httpProfile: { endpoint: `127.0.0.1:${service.address().port}`, reqTimeout: 5 } },
  });
  await client.Invoke({ FunctionName: 'f' }).catch(() => {}); // it gets a 502 or no TLS
  const words = Object.entries(set).map(([name, value]) => (value ? `${name}=${value}` : name)).join(', ');
  console.log(`${words}: the SDK ${reached[0]}`);
  service.close();
  proxy.close();
}

(async () => {
  await call({ HTTPS_PROXY: '' });
  await call({ https_proxy: '' });
  await call({ http_proxy: '' });
  await call({ http_proxy: '', NO_PROXY: '127.0.0.1' });
})();
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
HTTPS_PROXY: the SDK went direct
https_proxy: the SDK went direct
http_proxy: the SDK asked the proxy
http_proxy, NO_PROXY=127.0.0.1: the SDK asked the proxy
TEXT
diff "$folder/expected" "$folder/seen"
