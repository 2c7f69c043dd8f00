"""An MCP server over streamable HTTP: it keeps notes in its memory, and tells how far a long work is."""

import asyncio
import os
import time
from pathlib import Path

from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("notes")
notes: list[str] = []


@server.tool()
def remember(text: str) -> dict[str, object]:
    notes.append(text)
    return {"instance": os.environ["INSTANCE"], "notes": list(notes)}


@server.tool()
async def work(gate: str, context: Context) -> str:
    """Ends only when the caller has heard of the first step."""
    await context.report_progress(1, 2, "the first step is done")
    await asyncio.to_thread(wait, Path(gate))
    return "worked"


def wait(gate: Path) -> None:
    while not gate.exists():
        time.sleep(0.01)


@server.resource("notes://all")
def all_notes() -> str:
    return "\n".join(notes)


server.run("streamable-http", host="0.0.0.0", port=9000)
