import asyncio
import os

import tornado.web
import tornado.websocket
from asgi import pass_gate


class Handler(tornado.web.RequestHandler):
    def prepare(self):
        self.add_header("Set-Cookie", "a=1")
        self.add_header("Set-Cookie", "b=2")


class Home(Handler):
    async def get(self):
        if self.get_query_argument("gate", ""):
            await pass_gate(self.get_query_argument("gate"))
        headers = {name.lower(): value for name, value in self.request.headers.get_all()}
        self.write({"instance": os.environ["INSTANCE"], "headers": headers, "method": self.request.method})

    head = put = get


class Echo(Handler):
    def post(self):
        self.set_header("Content-Type", self.request.headers.get("Content-Type", "x/none"))
        self.finish(self.request.body)


class Events(Handler):
    async def get(self):
        self.set_header("Content-Type", "text/event-stream")
        self.write(b"data: 0\n\n")
        await self.flush()
        await pass_gate(self.get_query_argument("gate"))
        self.write(b"data: 1\n\n")


class Nothing(Handler):
    def get(self):
        self.set_status(204)


class Converse(tornado.websocket.WebSocketHandler):
    def on_message(self, message):
        self.write_message(message, binary=isinstance(message, bytes))


async def main():
    pairs = [("/", Home), ("/echo", Echo), ("/stream", Events), ("/nothing", Nothing), ("/ws", Converse)]
    tornado.web.Application(pairs).listen(9000)
    await asyncio.Event().wait()


asyncio.run(main())
