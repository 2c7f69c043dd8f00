const Koa = require('koa');
const { answer } = require('./answering.js');

const app = new Koa();
app.use(async (context) => {
  context.respond = false;
  await answer(context.req, context.res);
});
app.listen(9000);
