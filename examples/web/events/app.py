import time

import flask

app = flask.Flask(__name__)


@app.get("/")
def page():
    return "<ul id=words></ul><script>new EventSource('events').onmessage = e => words.append(e.data, ' ')</script>"


@app.get("/events")
def events():
    words = flask.request.args.get("text", "each word as it comes").split()

    def stream():
        for word in words:
            yield f"data: {word}\n\n"
            time.sleep(0.1)

    return flask.Response(stream(), mimetype="text/event-stream")


if __name__ == "__main__":
    app.run("0.0.0.0", 9000)
