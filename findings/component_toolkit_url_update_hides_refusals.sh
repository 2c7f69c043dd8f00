#!/bin/sh
# tencent-component-toolkit 2.27.6; Node.js 20
#
# Where the platform refuses the change of a function URL (UpdateTrigger of type http), Scf.deploy ends well all the same:
# HttpTrigger.update drops the error, and the outputs hold a trigger without a name. So a CorsConfig or an AuthType that
# was refused looks deployed, and the URL keeps the settings it had. The refusal of a new URL is thrown, as it should be.
#
# Seen 2026-11-30:
#   a new URL is refused: [scf] [scf] The Origins of CorsConfig are wrong. (reqId: r)
#   a change is refused: deployed, with the triggers [{"NeedCreate":false}]
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund tencent-component-toolkit@2.27.6
cat > "$folder/ask.js" <<'JAVASCRIPT'
const { Scf } = require('tencent-component-toolkit');

const say = console.log;
console.log = () => {}; // the toolkit tells of its steps

async function deploy(words, Triggers) {
  const scf = new Scf({ SecretId: 'id', SecretKey: 'key' }, 'ap-guangzhou');
  scf.capi.request = async ({ Action }) => { // nothing leaves this machine
    const isChange = Action === 'CreateTrigger' || Action === 'UpdateTrigger';
    const Error = isChange ? { Code: 'InvalidParameterValue.Cors', Message: 'The Origins of CorsConfig are wrong.' } : undefined;
    return { Response: { Status: 'Active', RequestId: 'r', Error, Triggers, TotalCount: Triggers.length } };
  };
  const parameters = { qualifier: '$DEFAULT', netConfig: { enableExtranet: true }, corsConfig: { enable: true, origins: ['nowhere'] } };
  try {
    const outputs = await scf.deploy({ name: 'fn', code: {}, events: [{ http: { parameters } }] });
    say(`${words} is refused: deployed, with the triggers ${JSON.stringify(outputs.Triggers)}`);
  } catch (error) {
    say(`${words} is refused: ${error.message}`);
  }
}

const THERE = { Type: 'http', TriggerName: 'url-trigger', Qualifier: '$DEFAULT', TriggerDesc: '{"AuthType":"NONE"}', Enable: 1 };
deploy('a new URL', []).then(() => deploy('a change', [THERE]));
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
a new URL is refused: [scf] [scf] The Origins of CorsConfig are wrong. (reqId: r)
a change is refused: deployed, with the triggers [{"NeedCreate":false}]
TEXT
diff "$folder/expected" "$folder/seen"
