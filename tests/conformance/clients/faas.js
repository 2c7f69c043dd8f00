// @tencent-sdk/faas looks at a function, and calls it, twice over.
const { FaaS } = require('@tencent-sdk/faas');

const name = process.argv[2];
const faas = new FaaS({
  region: 'ap-guangzhou',
  secretId: process.env.TENCENTCLOUD_SECRET_ID,
  secretKey: process.env.TENCENTCLOUD_SECRET_KEY,
});

async function live(round) {
  const told = [];
  told.push(['namespaces', (await faas.getNamespaces()).map((each) => each.Name)]);
  told.push(['versions', (await faas.getVersions({ name })).map((each) => each.Version)]);
  told.push(['aliases', (await faas.getAliases({ name })).map((each) => each.Name)]);
  const shown = await faas.get({ name, showCode: true, showTriggers: true });
  told.push(['shown', shown.Status, shown.CodeInfo.length > 0, shown.Triggers.length]);
  told.push(['triggers', (await faas.getTriggers({ name })).length]);
  const answer = await faas.invoke({ name, event: { text: '函数' } });
  told.push(['called', answer.invokeResult, answer.retMsg, answer.log.startsWith('START RequestId')]);
  const missing = await faas.invoke({ name: 'missing', event: {} }).catch((error) => error.type);
  told.push(['missing', missing]);
  process.stdout.write(`${JSON.stringify({ round, told })}\n`);
}

live(1)
  .then(() => live(2))
  .catch((error) => {
    process.stderr.write(`${error.stack}\n${error.code}\n`);
    process.exit(1);
  });
