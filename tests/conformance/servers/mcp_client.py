"""The client of the official package ``mcp`` calls an MCP server: ``python mcp_client.py URL MODE FOLDER``."""

import asyncio
import json
import sys
from pathlib import Path

from mcp import Client


async def remember(client, text):
    return (await client.call_tool("remember", {"text": text})).structured_content


async def work(client, gate):
    heard = []

    async def hear(done, total, message):
        heard.append([done, total, message])
        await asyncio.to_thread(gate.touch)

    answer = await client.call_tool("work", {"gate": str(gate)}, progress_callback=hear)
    return [heard, answer.content[0].text]


async def main(url, mode, folder):
    async with Client(url, mode=mode) as one, Client(url, mode=mode) as two:
        tools = sorted(tool.name for tool in (await one.list_tools()).tools)
        kept = [await remember(one, text) for text in ("a", "b")]
        kept.append(await remember(two, "c"))
        kept.append(await remember(one, "d"))
        worked = await work(one, Path(folder) / "gate")
        read = (await two.read_resource("notes://all")).contents[0].text
    print(json.dumps({"tools": tools, "kept": kept, "worked": worked, "read": read}))


asyncio.run(main(*sys.argv[1:]))
