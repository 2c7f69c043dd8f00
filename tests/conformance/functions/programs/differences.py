"""Calls that 0.1.7 sends otherwise than Tencent's guide says. Runs on 2.7 too."""

from tencentserverless.scf import Client

client = Client(region="ap-guangzhou")
print(client.echo(data={"a": "b"}))
print(client.echo({"a": "b"}))
print(client.invoke("echo", data=[]))
print(client.invoke("echo", data=0))
