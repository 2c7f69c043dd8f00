"""The SDKs: ours, Tencent's official one, and 0.1.7 of this name. Each is imported where its environment has it."""

import json

import wire


def make_ours(settings, make):
    return make(
        wire.REGION, wire.SECRET_ID, wire.SECRET_KEY, endpoint=settings["url"], ca_file=settings["ca_file"] or None
    )


def prepare_ours(settings):
    """``Client.invoke`` on one client."""
    from tencentserverless.scf import Client

    client = make_ours(settings, Client)

    def call():
        return client.invoke(wire.FUNCTION, data=wire.EVENT)

    return call


def prepare_ours_native(settings):
    """A native call on one client, as the guide shows it."""
    from tencentserverless.scf import Client

    client = make_ours(settings, Client)

    def call():
        return client.hello(data=wire.EVENT)

    return call


def make_official(settings):
    from tencentcloud.common.credential import Credential
    from tencentcloud.common.profile.client_profile import ClientProfile
    from tencentcloud.common.profile.http_profile import HttpProfile
    from tencentcloud.scf.v20180416.scf_client import ScfClient

    profile = HttpProfile(
        protocol="https" if settings["tls"] else "http",
        endpoint=settings["authority"],
        keepAlive=True,
        certification=settings["bundle"] or None,
    )
    return ScfClient(Credential(wire.SECRET_ID, wire.SECRET_KEY), wire.REGION, ClientProfile(httpProfile=profile))


def prepare_official(settings):
    """``ScfClient.InvokeFunction`` with keepAlive, its client reused."""
    from tencentcloud.scf.v20180416.models import InvokeFunctionRequest

    client = make_official(settings)

    def call():
        request = InvokeFunctionRequest()
        request.FunctionName = wire.FUNCTION
        request.Namespace = "default"
        request.Qualifier = "$LATEST"
        request.Event = json.dumps(wire.EVENT)
        return client.InvokeFunction(request).Result.RetMsg

    return call


def prepare_official_wide(settings):
    """The official SDK with 64 connections, set in its private fields: by default it keeps 10 and drops the rest."""
    from requests.adapters import HTTPAdapter
    from tencentcloud.common.http.request import ProxyConnection

    begin = ProxyConnection.__init__

    def begin_wide(self, *args, **options):
        begin(self, *args, **options)
        for prefix in ("http://", "https://"):
            self._session.mount(prefix, HTTPAdapter(pool_maxsize=64))

    ProxyConnection.__init__ = begin_wide
    return prepare_official(settings)


def prepare_old(settings):
    """``invoke`` of 0.1.7, which makes a client, a TLS context and a connection for each call.

    Its host is fixed, so its profile is patched.
    """
    from tencentserverless import scf

    profile = scf.HttpProfile

    def make_profile(endpoint, **options):  # noqa: ARG001 - the fixed host, replaced here
        protocol = "https" if settings["tls"] else "http"
        made = profile(endpoint=settings["authority"], protocol=protocol, **options)
        if settings["bundle"]:
            made.certification = settings["bundle"]
        return made

    scf.HttpProfile = make_profile

    def call():
        return scf.invoke(wire.FUNCTION, wire.REGION, wire.SECRET_ID, wire.SECRET_KEY, data=wire.EVENT)

    return call
