// tencent-component-toolkit deploys, changes and removes a function by its own classes, twice over. Code comes from COS.
const { Scf, TriggerManager } = require('tencent-component-toolkit');

const credentials = { SecretId: process.env.TENCENTCLOUD_SECRET_ID, SecretKey: process.env.TENCENTCLOUD_SECRET_KEY };
const say = process.stdout.write.bind(process.stdout);
console.log = () => {}; // the toolkit tells of its steps

async function live(round) {
  const scf = new Scf(credentials, 'ap-guangzhou');
  const told = [];
  const inputs = {
    name: 'toolkit',
    code: { bucket: 'code-1250000000', object: 'one.zip' },
    handler: 'index.main_handler',
    runtime: process.env.RUNTIME,
    description: 'by the toolkit',
    memorySize: 256,
    environment: { variables: { WHO: 'toolkit' } },
    traceEnable: false,
    asyncRunEnable: false,
    publish: true,
    events: [{ timer: { name: 'hourly', parameters: { cronExpression: '0 0 */1 * * * *', enable: true, argument: 'a' } } }],
  };
  const call = async () => {
    const { Result } = await scf.request({ Action: 'Invoke', FunctionName: 'toolkit', ClientContext: '"x"' });
    return JSON.parse(Result.RetMsg);
  };
  const made = await scf.deploy(inputs);
  told.push(['deployed', made.Status, made.LastVersion, made.Triggers.map((each) => each.TriggerName)]);
  told.push(['called', await call()]);
  const changed = await scf.deploy({
    ...inputs,
    environment: undefined,
    code: { bucket: 'code-1250000000', object: 'two.zip' },
    layers: [], // sent as one without a name, which removes all
    aliasName: 'live',
    additionalVersionWeights: [],
    events: [{ timer: { name: 'daily', parameters: { cronExpression: '0 0 2 * * * *', enable: false } } }],
  });
  told.push(['deployed again', changed.Status, changed.LastVersion]);
  told.push(['called', await call()]);
  const alias = await scf.alias.get({ functionName: 'toolkit', aliasName: 'live' });
  told.push(['alias', alias.Name, alias.FunctionVersion]);
  const versions = await scf.version.list({ functionName: 'toolkit' });
  told.push(['versions', versions.Versions.map((each) => each.Version)]);
  const triggers = await scf.getTriggerList('toolkit');
  told.push(['timers', triggers.map((each) => [each.TriggerName, each.Enable, each.TriggerDesc])]);
  await scf.concurrency.setReserved({ functionName: 'toolkit', reservedMem: 1024, namespace: 'default' });
  told.push(['reserved', (await scf.concurrency.getReserved({ functionName: 'toolkit', namespace: 'default' })).reservedMem]);
  const timers = new TriggerManager(credentials, 'ap-guangzhou');
  await timers.bulkCreateTriggers([
    { type: 'timer', function: { name: 'toolkit' }, parameters: { name: 'weekly', cronExpression: '0 0 2 * * 1 *', enable: true } },
  ]);
  told.push(['timers', (await scf.getTriggerList('toolkit')).map((each) => each.TriggerName)]);
  told.push(['removed', await scf.remove({ functionName: 'toolkit' })]);
  told.push(['gone', await scf.scf.get({ functionName: 'toolkit' })]);
  say(`${JSON.stringify({ round, told })}\n`);
}

live(1)
  .then(() => live(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n${error.code}\n`);
    process.exit(1);
  });
