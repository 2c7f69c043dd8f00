#!/bin/sh
# tencent-component-toolkit 2.27.6; Node.js 20
#
# A function URL (events: - http) without a qualifier is made for the alias $DEFAULT, but looked for by an empty filter:
# ListTriggers is asked with the Qualifier null, which @tencent-sdk/capi sends as an empty text. Whether a second
# deployment changes the URL or makes it once more depends on what the service thinks of an empty filter. With
# qualifier: $DEFAULT in the inputs both are the same.
#
# Seen 2026-11-30:
#   no qualifier: looked for [null], made for $DEFAULT; sent as Filters.1.Values.0=
#   qualifier $DEFAULT: looked for ["$DEFAULT"], made for $DEFAULT; sent as Filters.1.Values.0=%24DEFAULT
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund tencent-component-toolkit@2.27.6
cat > "$folder/ask.js" <<'JAVASCRIPT'
const http = require('http');
const { Capi } = require('@tencent-sdk/capi');
const { TriggerManager } = require('tencent-component-toolkit');

const say = console.log;
console.log = () => {}; // the toolkit tells of its steps
const received = [];
const server = http.createServer(async (request, response) => { // in place of the service, on this machine
  let body = '';
  for await (const part of request) body += part;
  received.push(body);
  response.end('{"Response": {"RequestId": "r"}}');
});

async function deploy(words, parameters) {
  const manager = new TriggerManager({ SecretId: 'id', SecretKey: 'key' }, 'ap-guangzhou');
  const asked = {};
  manager.capi.request = async ({ Action, ...data }) => { // nothing leaves this machine
    asked[Action] = data;
    return { Response: { RequestId: 'r', Triggers: [], TotalCount: 0, TriggerInfo: {} } };
  };
  await manager.createTrigger({ name: 'fn', events: [{ type: 'http', parameters: { netConfig: { enableExtranet: true }, ...parameters } }] });
  const filter = asked.ListTriggers.Filters.find((each) => each.Name === 'Qualifier');
  const client = new Capi({ SecretId: 'id', SecretKey: 'key', Region: 'ap-guangzhou', ServiceType: 'scf' });
  const host = `127.0.0.1:${server.address().port}`;
  await client.request({ Action: 'ListTriggers', Version: '2018-04-16', Filters: [{ Name: 'Type', Values: ['http'] }, filter] }, { isV3: false, host, protocol: 'http' });
  const sent = received.pop().split('&').find((each) => each.startsWith('Filters.1.Values'));
  say(`${words}: looked for ${JSON.stringify(filter.Values)}, made for ${asked.CreateTrigger.Qualifier}; sent as ${sent}`);
}

server.listen(0, '127.0.0.1', async () => {
  await deploy('no qualifier', {});
  await deploy('qualifier $DEFAULT', { qualifier: '$DEFAULT' });
  server.close();
});
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
no qualifier: looked for [null], made for $DEFAULT; sent as Filters.1.Values.0=
qualifier $DEFAULT: looked for ["$DEFAULT"], made for $DEFAULT; sent as Filters.1.Values.0=%24DEFAULT
TEXT
diff "$folder/expected" "$folder/seen"
