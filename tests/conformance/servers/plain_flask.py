import os

from flask import Flask, Response, request
from wsgi import pass_gate, stream

app = Flask(__name__)


@app.after_request
def set_cookies(response):
    response.set_cookie("a", "1", path=None)
    response.set_cookie("b", "2", path=None)
    return response


@app.route("/", methods=["GET", "HEAD", "PUT"])
def home():
    if request.args.get("gate"):
        pass_gate(request.args["gate"])
    headers = {name.lower(): value for name, value in request.headers}
    return {"instance": os.environ["INSTANCE"], "headers": headers, "method": request.method}


@app.post("/echo")
def echo():
    return Response(request.get_data(), content_type=request.content_type or "x/none")


@app.get("/stream")
def events():
    return Response(stream(request.args["gate"]), mimetype="text/event-stream")


@app.get("/nothing")
def nothing():
    return "", 204


app.run("0.0.0.0", 9000)
