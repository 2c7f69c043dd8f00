// Leads port 9000 of a web function to the instance's own address, where the server has no seccomp filter.
// Node.js loads it first, by NODE_OPTIONS. _SCF_WEB has the address, and the pipe in which the host that was asked for is
// told once it is listened on.
'use strict';
const net = require('net');
const fs = require('fs');

const PORT = 9000;
const plan = JSON.parse(process.env._SCF_WEB || '{}');

function tell(host) {
  try {
    fs.writeFileSync(plan.tell, `${host} ${process.pid}\n`, { flag: fs.constants.O_WRONLY | fs.constants.O_NONBLOCK });
  } catch {
    // the server has ended
  }
}

if (plan.lead) {
  const [host, port] = plan.lead;
  const listen = net.Server.prototype.listen;
  net.Server.prototype.listen = function (...given) {
    const [first] = given;
    const options = first !== null && typeof first === 'object' ? first : { port: first };
    if (options === first ? Number(options.port) !== PORT : Number(first) !== PORT) return listen.apply(this, given);
    const asked = options.host || given.slice(1).find((each) => typeof each === 'string') || '::';
    if (asked === host) return listen.apply(this, given);
    const backlog = given.slice(1).find((each) => typeof each === 'number');
    const callback = given.find((each) => typeof each === 'function');
    this.once('listening', () => tell(asked));
    const led = { ...(backlog === undefined ? {} : { backlog }), ...options, host, port };
    return callback ? listen.call(this, led, callback) : listen.call(this, led);
  };
}
