const cluster = require('cluster');
const http = require('http');
const { answer } = require('./answering.js');

if (cluster.isPrimary) {
  cluster.fork();
  cluster.fork();
} else {
  http.createServer(answer).listen(9000, '0.0.0.0');
}
