"use strict";

exports.main_handler = async (event, context) => {
  console.log("request", context.requestId);
  return { greeting: `Hello ${event.name} from Node.js` };
};
