// tencent-component-toolkit gives a function URLs, changes and removes them by its own classes, twice over.
const http = require('http');
const { Scf, TriggerManager } = require('tencent-component-toolkit');

const credentials = { SecretId: process.env.TENCENTCLOUD_SECRET_ID, SecretKey: process.env.TENCENTCLOUD_SECRET_KEY };
const say = process.stdout.write.bind(process.stdout);
console.log = () => {}; // the toolkit tells of its steps

const ask = (url) =>
  new Promise((resolve, reject) => {
    const take = (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('end', () => resolve([response.statusCode, JSON.parse(Buffer.concat(parts).toString())]));
    };
    http.get(url, take).on('error', reject); // the proxy of the environment is for the API, and leaves loopback out
  });

async function live(round) {
  const scf = new Scf(credentials, 'ap-guangzhou');
  const manager = new TriggerManager(credentials, 'ap-guangzhou');
  const told = [];
  const urls = (parameters) => ({
    name: 'entered',
    code: { bucket: 'code-1250000000', object: 'one.zip' },
    handler: 'index.main_handler',
    runtime: process.env.RUNTIME,
    events: [{ http: { parameters } }],
  });
  const list = async () => (await scf.getTriggerList('entered')).filter((each) => each.Type === 'http');
  const shown = async () => {
    const [url, ...more] = await list();
    const { NetConfig, ...described } = JSON.parse(url.TriggerDesc);
    const { EnableIntranet, EnableExtranet } = NetConfig;
    return [url.TriggerName, url.Qualifier, url.Enable, { EnableIntranet, EnableExtranet }, described, more.length];
  };
  const address = async () => JSON.parse((await list())[0].TriggerDesc).NetConfig.LocalUrl;

  const made = await scf.deploy(urls({ qualifier: '$DEFAULT', netConfig: { enableExtranet: true } }));
  told.push(['made', made.Triggers.map((each) => [each.NeedCreate, each.TriggerName, each.Qualifier])]);
  told.push(['shown', ...(await shown())]);
  const first = await address();
  const [status, [who, event]] = await ask(`${first}/a/b?x=1`);
  told.push(['called', status, who, event.path, event.queryString]);
  const cors = { enable: true, origins: 'https://a.example,https://b.example', methods: ['GET'], maxAge: 10 };
  const changed = await scf.deploy(
    urls({
      qualifier: '$DEFAULT',
      netConfig: { enableExtranet: true, enableIntranet: true },
      corsConfig: { ...cors, headers: 'x-one,x-two', exposeHeaders: ['x-three'], credentials: true },
      apiGwCompatible: true,
    }),
  );
  told.push(['changed', changed.Triggers.map((each) => [each.NeedCreate, each.TriggerName])]);
  told.push(['shown', ...(await shown()), (await address()) === first]);
  told.push(['called', (await ask(first))[1][1].isBase64Encoded]);
  await manager.createTrigger({
    name: 'entered',
    events: [{ type: 'http', parameters: { qualifier: '$DEFAULT', authType: 'CAM', netConfig: { enableExtranet: true } } }],
  });
  told.push(['managed', ...(await shown())]);
  const [refused] = await ask(first);
  told.push(['unsigned', refused]);
  const [{ Type, TriggerName, TriggerDesc, Qualifier }] = await list();
  await manager.removeTrigger({
    name: 'entered',
    trigger: { triggerType: Type, Type, TriggerName, TriggerDesc, Qualifier },
  });
  told.push(['removed', (await list()).length, (await ask(first))[0]]);
  await manager.createTrigger({ name: 'entered', events: [{ type: 'http', parameters: { netConfig: { enableExtranet: true }, name: 'mine' } }] });
  told.push(['without a qualifier', ...(await shown()), (await address()) === first]);
  await manager.createTrigger({ name: 'entered', events: [{ type: 'http', parameters: { netConfig: { enableIntranet: true }, name: 'mine' } }] });
  told.push(['again', ...(await shown())]);
  told.push(['gone', await scf.remove({ functionName: 'entered' })]);
  say(`${JSON.stringify({ round, told })}\n`);
}

live(1)
  .then(() => live(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n${error.code}\n`);
    process.exit(1);
  });
