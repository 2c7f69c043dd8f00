const http = require('http');
const { answer } = require('./answering.js');

http.createServer(answer).listen(9000);
