"""HTTP libraries with hand-made signing, each used as its documentation advises: one client, kept."""

import ssl

import wire


def prepare_http_client(settings):
    import http.client

    if settings["tls"]:
        context = ssl.create_default_context(cafile=settings["ca_file"])
        connection = http.client.HTTPSConnection(settings["host"], settings["port"], context=context)
    else:
        connection = http.client.HTTPConnection(settings["host"], settings["port"])
    signer = wire.Signer(settings["authority"])

    def call():
        body = wire.build_body()
        connection.request("POST", "/", body, signer.sign(body))
        return wire.read_answer(connection.getresponse().read())

    return call


def prepare_urllib3(settings):
    import urllib3

    pool = urllib3.PoolManager(maxsize=64, ca_certs=settings["bundle"] or None)
    signer = wire.Signer(settings["authority"])

    def call():
        body = wire.build_body()
        return wire.read_answer(pool.request("POST", settings["url"], body=body, headers=signer.sign(body)).data)

    return call


def prepare_requests(settings):
    import requests

    session = requests.Session()
    session.verify = settings["bundle"] or True
    signer = wire.Signer(settings["authority"])

    def call():
        body = wire.build_body()
        return wire.read_answer(session.post(settings["url"], data=body, headers=signer.sign(body)).content)

    return call


def make_httpx_options(settings):
    return {"verify": ssl.create_default_context(cafile=settings["bundle"])} if settings["tls"] else {}


def prepare_httpx(settings):
    import httpx

    client = httpx.Client(**make_httpx_options(settings))
    signer = wire.Signer(settings["authority"])

    def call():
        body = wire.build_body()
        return wire.read_answer(client.post(settings["url"], content=body, headers=signer.sign(body)).content)

    return call
