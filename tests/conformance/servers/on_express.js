const express = require('express');
const { answer } = require('./answering.js');

const app = express();
app.use(answer);
const server = app.listen(9000);
const { WebSocketServer } = require('ws');
new WebSocketServer({ server, path: '/ws' }).on('connection', (socket) => {
  socket.on('message', (data, isBinary) => socket.send(data, { binary: isBinary }));
});
