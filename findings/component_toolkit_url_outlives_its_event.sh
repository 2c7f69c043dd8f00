#!/bin/sh
# tencent-component-toolkit 2.27.6; Node.js 20
#
# A function URL (events: - http) that is taken out of the inputs is not removed by the next Scf.deploy: the function stays
# reachable by its URL, and the deployment reports no trigger. A timer that is taken out is removed. Triggers of the types
# http and ckafka are left out of the deletion, which for all other types comes before what is new is made.
#
# Seen 2026-11-30:
#   deploy without the http event: asked for ListTriggers; outputs no triggers
#   deploy without the timer event: asked for ListTriggers, DeleteTrigger; outputs no triggers
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund tencent-component-toolkit@2.27.6
cat > "$folder/ask.js" <<'JAVASCRIPT'
const { Scf } = require('tencent-component-toolkit');

const say = console.log;
console.log = () => {}; // the toolkit tells of its steps
const TRIGGERS = {
  http: { Type: 'http', TriggerName: 'url-trigger', Qualifier: '$DEFAULT', TriggerDesc: '{"AuthType":"NONE"}' },
  timer: { Type: 'timer', TriggerName: 'hourly', Qualifier: '$DEFAULT', TriggerDesc: '{"cron":"0 0 */1 * * * *"}' },
};

async function deploy(type) {
  const scf = new Scf({ SecretId: 'id', SecretKey: 'key' }, 'ap-guangzhou');
  const asked = [];
  scf.capi.request = async ({ Action }) => { // nothing leaves this machine
    asked.push(Action);
    const Triggers = Action === 'ListTriggers' ? [{ Enable: 1, ...TRIGGERS[type] }] : undefined;
    return { Response: { Status: 'Active', RequestId: 'r', Triggers, TotalCount: 1 } };
  };
  const outputs = await scf.deploy({ name: 'fn', code: {}, events: [] });
  const triggers = asked.filter((action) => action.endsWith('Trigger') || action.endsWith('Triggers'));
  const named = outputs.Triggers.length ? JSON.stringify(outputs.Triggers) : 'no triggers';
  say(`deploy without the ${type} event: asked for ${triggers.join(', ')}; outputs ${named}`);
}

deploy('http').then(() => deploy('timer'));
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
deploy without the http event: asked for ListTriggers; outputs no triggers
deploy without the timer event: asked for ListTriggers, DeleteTrigger; outputs no triggers
TEXT
diff "$folder/expected" "$folder/seen"
