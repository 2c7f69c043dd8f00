// What the servers of Node.js share: they tell their instance, echo, stream, and hold a request until a file is there.
const fs = require('fs');

const COOKIES = ['a=1', 'b=2'];

async function passGate(gate) {
  fs.writeFileSync(`${gate}.begun`, '');
  while (!fs.existsSync(gate)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

async function answer(request, response) {
  const url = new URL(request.url, 'http://host');
  const gate = url.searchParams.get('gate');
  response.statusCode = 200; // Koa begins with 404
  response.setHeader('Set-Cookie', COOKIES);
  if (url.pathname === '/echo') {
    const parts = [];
    for await (const part of request) parts.push(part);
    response.setHeader('Content-Type', request.headers['content-type'] || 'x/none');
    response.end(Buffer.concat(parts));
  } else if (url.pathname === '/stream') {
    response.setHeader('Content-Type', 'text/event-stream');
    response.write('data: 0\n\n');
    await passGate(gate);
    response.end('data: 1\n\n');
  } else if (url.pathname === '/nothing') {
    response.statusCode = 204;
    response.end();
  } else {
    if (gate) await passGate(gate);
    const { headers, method } = request;
    response.setHeader('Content-Type', 'application/json');
    response.end(JSON.stringify({ instance: process.env.INSTANCE, headers, method }));
  }
}

module.exports = { answer };
