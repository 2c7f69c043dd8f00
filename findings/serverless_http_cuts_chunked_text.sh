#!/bin/sh
# serverless-http 4.0.0; Node.js 20
#
# An app behind serverless-http that sets "Transfer-Encoding: chunked" itself, as one does that passes on the head of
# another server's answer, loses what follows the first CRLF of each piece it writes: the adapter takes the chunks apart
# by splitting the whole body at CRLF. A CSV file ends after a line, with status 200. A binary body is also left as text,
# while isBase64Encoded says that it is base64. Without the header, the same writes arrive whole.
#
# Seen 2026-11-30:
#   csv: "id,name\r\n1,Ann\r\n2,Bob\r\n3,Cid\r\n", isBase64Encoded false
#   csv, with the header: "id,name2,Bob", isBase64Encoded false
#   png: "iVBORw0KGgo=", isBase64Encoded true
#   png, with the header: "\ufffdPNG", isBase64Encoded true
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund serverless-http@4.0.0
cat > "$folder/ask.js" <<'JAVASCRIPT'
const serverless = require('serverless-http');

const answers = {
  csv: { type: 'text/csv', pieces: ['id,name\r\n1,Ann\r\n', '2,Bob\r\n3,Cid\r\n'] },
  png: { type: 'image/png', pieces: [Buffer.from('89504e470d0a1a0a', 'hex')] }, // how each PNG begins
};

async function ask(name, chunked) {
  const { type, pieces } = answers[name];
  const handler = serverless((request, response) => {
    response.setHeader('Content-Type', type);
    if (chunked) response.setHeader('Transfer-Encoding', 'chunked');
    pieces.forEach((piece) => response.write(piece));
    response.end();
  }, { binary: ['image/*'] });
  const { body, isBase64Encoded } = await handler({ httpMethod: 'GET', path: '/', headers: {}, requestContext: {} });
  const text = JSON.stringify(body).replace(/\ufffd/g, '\\ufffd');
  console.log(`${name}${chunked ? ', with the header' : ''}: ${text}, isBase64Encoded ${isBase64Encoded}`);
}

(async () => {
  for (const name of Object.keys(answers)) for (const chunked of [false, true]) await ask(name, chunked);
})();
JAVASCRIPT
node "$folder/ask.js" | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
csv: "id,name\r\n1,Ann\r\n2,Bob\r\n3,Cid\r\n", isBase64Encoded false
csv, with the header: "id,name2,Bob", isBase64Encoded false
png: "iVBORw0KGgo=", isBase64Encoded true
png, with the header: "\ufffdPNG", isBase64Encoded true
TEXT
diff "$folder/expected" "$folder/seen"
