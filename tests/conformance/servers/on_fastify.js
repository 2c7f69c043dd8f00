const fastify = require('fastify')();
const { answer } = require('./answering.js');

fastify.addContentTypeParser('*', (request, payload, done) => done(null));
fastify.removeContentTypeParser(['application/json', 'text/plain']);
fastify.all('/*', async (request, reply) => {
  reply.hijack();
  await answer(request.raw, reply.raw);
});
fastify.listen({ port: 9000, host: '0.0.0.0' });
