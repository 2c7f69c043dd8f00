#!/bin/sh
# serverless-http 4.0.0, @codegenie/serverless-express 4.17.1, tencent-serverless-http 1.3.2; apig-wsgi 2.20.0
#
# An HTTP event of SCF looks like one of AWS, so that adapters made for AWS take it, call the app and answer 200. But the
# query of the request is in queryString, which AWS does not have: SCF's queryStringParameters holds only what an API
# declares, and is empty for all else. So the app sees every request without its query: each page of a list is the
# first. tencent-serverless-http reads queryString. apig-wsgi also keeps the last of two cookies, for it makes a list
# only where the event has multiValueHeaders, which SCF has not.
#
# Seen 2026-11-30, Node.js 20 and Python 3.11, GET /items?page=2:
#   serverless-http: 200, the app read /items
#   @codegenie/serverless-express: 200, the app read /items
#   tencent-serverless-http: 200, the app read /items?page=2
#   apig-wsgi: 200, the app read /items, cookies b=2
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
npm install --silent --prefix "$folder" --ignore-scripts --no-audit --no-fund \
    serverless-http@4.0.0 @codegenie/serverless-express@4.17.1 tencent-serverless-http@1.3.2
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install --quiet apig-wsgi==2.20.0
cat > "$folder/event.json" <<'JSON'
{
  "requestContext": {"serviceId": "service-f94sy04v", "path": "/items", "httpMethod": "GET", "identity": {},
                     "requestId": "c6af9ac6", "sourceIp": "10.0.2.14", "stage": "release"},
  "headers": {"host": "service-f94sy04v.gz.apigw.tencentcs.com", "accept": "*/*"},
  "body": "", "isBase64Encoded": false,
  "pathParameters": {}, "queryStringParameters": {}, "headerParameters": {}, "stageVariables": {},
  "path": "/items", "queryString": {"page": "2"}, "httpMethod": "GET"
}
JSON
cat > "$folder/ask.js" <<'JAVASCRIPT'
const serverless = require('serverless-http');
const express = require('@codegenie/serverless-express');
const tencent = require('tencent-serverless-http');

const app = (request, response) => response.end(`the app read ${request.url}`);
const server = tencent.createServer(app);
const adapters = {
  'serverless-http': serverless(app),
  '@codegenie/serverless-express': express({ app }),
  'tencent-serverless-http': (event, context) => tencent.proxy(server, event, context, 'PROMISE').promise,
};

(async () => {
  for (const [name, handler] of Object.entries(adapters)) {
    const { statusCode, body } = await handler(JSON.parse(JSON.stringify(require('./event.json'))), {});
    console.log(`${name}: ${statusCode}, ${body}`);
  }
  server.close();
})();
JAVASCRIPT
cat > "$folder/ask.py" <<'PYTHON'
import json
import sys

from apig_wsgi import make_lambda_handler


def app(environ, start_response):
    start_response("200 OK", [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "text/plain")])
    query = environ["QUERY_STRING"]
    return ["the app read {}{}".format(environ["PATH_INFO"], query and "?" + query).encode()]


with open(sys.argv[1]) as event:
    answer = make_lambda_handler(app)(json.load(event), None)
print("apig-wsgi: {statusCode}, {body}, cookies {headers[Set-Cookie]}".format(**answer))
PYTHON
{ node "$folder/ask.js"; "$folder/venv/bin/python" "$folder/ask.py" "$folder/event.json"; } | tee "$folder/seen"
cat > "$folder/expected" <<'TEXT'
serverless-http: 200, the app read /items
@codegenie/serverless-express: 200, the app read /items
tencent-serverless-http: 200, the app read /items?page=2
apig-wsgi: 200, the app read /items, cookies b=2
TEXT
diff "$folder/expected" "$folder/seen"
