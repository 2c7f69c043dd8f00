// @tencent-sdk/capi manages and calls a function in both of its ways to sign, each twice over.
const fs = require('fs');
const { Capi } = require('@tencent-sdk/capi');

const zip = fs.readFileSync(process.argv[2]).toString('base64');
const { protocol, host } = new URL(process.env.TENCENTSERVERLESS_ENDPOINT_URL);

async function live(round, isV3) {
  const capi = new Capi({
    isV3,
    host,
    protocol: protocol.slice(0, -1),
    region: 'ap-guangzhou',
    serviceType: 'scf',
    version: '2018-04-16', // signed by V1, capi leaves out the version of a single request
    secretId: process.env.TENCENTCLOUD_SECRET_ID,
    secretKey: process.env.TENCENTCLOUD_SECRET_KEY,
  });
  const ask = async (action, data = {}) => {
    const { Response } = await capi.request({ action, version: '2018-04-16', ...data }, { host, isV3 });
    if (Response.Error) throw new Error(`${action}: ${Response.Error.Code}: ${Response.Error.Message}`);
    return Response;
  };
  const FunctionName = isV3 ? 'capi-tc3' : 'capi-v1';
  const told = [];
  await ask('CreateFunction', {
    FunctionName,
    Runtime: process.env.RUNTIME,
    Handler: 'index.main_handler',
    Code: { ZipFile: zip },
    Timeout: 7,
    Environment: { Variables: [{ Key: 'WHO', Value: 'a b+c&d=函数' }] },
  });
  const call = async (event) => JSON.parse((await ask('Invoke', { FunctionName, ClientContext: JSON.stringify(event) })).Result.RetMsg);
  told.push(['called', await call({ text: '=&+ %/函数' })]);
  await ask('UpdateFunctionConfiguration', { FunctionName, MemorySize: 256, Environment: { Variables: [{ Key: '', Value: '' }] } });
  const shown = await ask('GetFunction', { FunctionName, ShowTriggers: 'FALSE' });
  told.push(['shown', shown.Timeout, shown.MemorySize, shown.Environment.Variables]);
  const filters = [{ Name: 'Runtime', Values: [process.env.RUNTIME, 'Python2.7'] }];
  const listed = await ask('ListFunctions', { SearchKey: FunctionName, Limit: 5, Filters: filters });
  told.push(['listed', listed.TotalCount, listed.Functions.map((each) => each.FunctionName)]);
  await ask('DeleteFunction', { FunctionName });
  const refused = await ask('GetFunction', { FunctionName }).catch((error) => error.message.split(': ')[1]);
  told.push(['refused', refused]);
  process.stdout.write(`${JSON.stringify({ round, isV3, told })}\n`);
}

(async () => {
  for (const round of [1, 2]) for (const isV3 of [false, true]) await live(round, isV3);
})().catch((error) => {
  process.stderr.write(`${error.stack}\n`);
  process.exit(1);
});
