#!/bin/sh
# tencent-component-toolkit 2.27.6; Node.js 20
#
# Scf.deploy with an aliasName that does not exist yet makes the alias only if the refusal of GetAlias is in Chinese. It
# looks for the words of that text, and then calls error.message.include, which no JavaScript has (it is includes): with
# a message in English, the deployment ends in a TypeError, after the code was deployed and the version published.
#
# Seen 2026-11-30:
#   未找到指定的Alias，请创建后再试。: asked for CreateAlias
#   The alias is not found.: TypeError: error.message.include is not a function
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund tencent-component-toolkit@2.27.6
cat > "$folder/ask.js" <<'JAVASCRIPT'
const { Scf } = require('tencent-component-toolkit');

const say = console.log;
console.log = () => {}; // the toolkit tells of its steps

async function deploy(message) {
  const scf = new Scf({ SecretId: 'id', SecretKey: 'key' }, 'ap-guangzhou');
  const asked = [];
  scf.capi.request = async ({ Action, Name }) => { // nothing leaves this machine
    asked.push(Action);
    const isMissing = Action === 'GetAlias' && Name === 'live';
    const Error = isMissing ? { Code: 'ResourceNotFound.Alias', Message: message } : undefined;
    return { Response: { Status: 'Active', FunctionVersion: '1', RequestId: 'r', Error } };
  };
  const inputs = { name: 'fn', code: {}, publish: true, aliasName: 'live', additionalVersionWeights: [], ignoreTriggers: true };
  try {
    await scf.deploy(inputs);
    say(`${message}: asked for ${asked.includes('CreateAlias') ? 'CreateAlias' : 'no alias'}`);
  } catch (error) {
    say(`${message}: ${error.name}: ${error.message}`);
  }
}

deploy('未找到指定的Alias，请创建后再试。').then(() => deploy('The alias is not found.'));
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
未找到指定的Alias，请创建后再试。: asked for CreateAlias
The alias is not found.: TypeError: error.message.include is not a function
TEXT
diff "$folder/expected" "$folder/seen"
