// @cloudbase/manager-node creates, replaces and calls a function with timers, twice over.
//
// CloudBase's own API, which says where an environment keeps its functions, is not SCF's: what it would answer is given.
const path = require('path');
const CloudBase = require('@cloudbase/manager-node');

const functionRootPath = process.argv[2];
const manager = CloudBase.init({
  envId: 'default',
  region: 'ap-guangzhou',
  secretId: process.env.TENCENTCLOUD_SECRET_ID,
  secretKey: process.env.TENCENTCLOUD_SECRET_KEY,
});
const given = { EnvId: 'default', Functions: [{ Namespace: 'default' }] };
Object.assign(manager.currentEnvironment(), { lazyEnvironmentConfig: given, inited: true });
const { functions } = manager;
console.log = () => {}; // it tells of its steps

async function live(round) {
  const told = [];
  const name = 'order';
  const func = {
    name,
    runtime: process.env.RUNTIME,
    handler: 'index.main_handler',
    timeout: 5,
    installDependency: false,
    traceEnable: false,
    asyncRunEnable: false,
    triggers: [{ name: 'hourly', type: 'timer', config: '0 0 */1 * * * *' }],
    envVariables: { WHO: 'manager' },
  };
  const call = async () => JSON.parse((await functions.invokeFunction(name, { number: 7 })).RetMsg);
  await functions.createFunction({ func, functionRootPath, deployMode: 'zip' });
  told.push(['called', await call()]);
  const refused = await functions.createFunction({ func, functionRootPath, deployMode: 'zip' }).catch((error) => error.code);
  told.push(['refused', refused]);
  const triggers = [{ name: 'hourly', type: 'timer', config: '0 0 2 * * * *' }, { name: 'daily', type: 'timer', config: '0 0 3 * * * *' }];
  await functions.createFunction({ func: { ...func, timeout: 9, envVariables: { WHO: 'again' }, triggers }, functionRootPath, deployMode: 'zip', force: true });
  told.push(['called', await call()]);
  const shown = await functions.getFunctionDetail(name);
  told.push(['shown', shown.Status, shown.Timeout, shown.Triggers.map((each) => [each.TriggerName, each.TriggerDesc])]);
  await functions.deleteFunctionTrigger(name, 'daily');
  const version = await functions.publishVersion({ functionName: name, description: 'the first' });
  told.push(['published', version.FunctionVersion]);
  told.push(['alias', (await functions.getFunctionAlias({ functionName: name, name: '$DEFAULT' })).FunctionVersion]);
  await functions.scfService.request('DeleteFunction', { FunctionName: name, Namespace: 'default' });
  process.stdout.write(`${JSON.stringify({ round, told })}\n`);
}

live(1)
  .then(() => live(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n${error.code}\n`);
    process.exit(1);
  });
