// Tencent's own SDK for Node.js manages and calls a function, twice over. It runs on Bun as well.
const fs = require('fs');
const { scf } = require('tencentcloud-sdk-nodejs-scf');

const [first, second] = process.argv.slice(2).map((path) => fs.readFileSync(path).toString('base64'));
const { protocol, host } = new URL(process.env.TENCENTSERVERLESS_ENDPOINT_URL);
const client = new scf.v20180416.Client({
  credential: { secretId: process.env.TENCENTCLOUD_SECRET_ID, secretKey: process.env.TENCENTCLOUD_SECRET_KEY },
  region: 'ap-guangzhou',
  profile: { httpProfile: { endpoint: host, protocol: `${protocol}//` } },
});
const fn = { FunctionName: 'life' };

async function live(round) {
  const told = [];
  const Variables = [{ Key: 'WHO', Value: 'a b+c&d=函数' }];
  await client.CreateFunction({ ...fn, Runtime: process.env.RUNTIME, Code: { ZipFile: first }, Environment: { Variables } });
  const call = async () => {
    const { Result } = await client.InvokeFunction({ ...fn, Event: JSON.stringify({ text: '=&+ %/函数' }) });
    return JSON.parse(Result.RetMsg);
  };
  told.push(['called', await call()]);
  await client.UpdateFunctionCode({ ...fn, ZipFile: second });
  await client.UpdateFunctionConfiguration({ ...fn, Timeout: 9, Environment: { Variables: [{ Key: '', Value: '' }] } });
  told.push(['called', await call()]);
  told.push(['published', (await client.PublishVersion(fn)).FunctionVersion]);
  await client.CreateTrigger({ ...fn, TriggerName: 'hourly', Type: 'timer', TriggerDesc: '0 0 */1 * * * *' });
  const shown = await client.GetFunction(fn);
  told.push(['shown', shown.Status, shown.Timeout, shown.Triggers.map((each) => each.TriggerName)]);
  const Filters = [{ Name: 'Runtime', Values: [process.env.RUNTIME, 'Python2.7'] }];
  told.push(['listed', (await client.ListFunctions({ SearchKey: 'life', Filters })).TotalCount]);
  await client.DeleteFunction(fn);
  told.push(['refused', await client.GetFunction(fn).catch((error) => error.code)]);
  process.stdout.write(`${JSON.stringify({ round, told })}\n`);
}

live(1)
  .then(() => live(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n${error.code}\n`);
    process.exit(1);
  });
