from mcp.server.mcpserver import Context, MCPServer

server = MCPServer("notes")
notes: dict[str, list[str]] = {}  # of the sessions that this instance serves


@server.tool()
def remember(text: str, context: Context) -> list[str]:
    """Keep a note for this session, and return all of its notes."""
    session = context.request_context.request.headers["mcp-session-id"]
    own = notes.setdefault(session, [])
    own.append(text)
    return own


if __name__ == "__main__":
    server.run("streamable-http", host="0.0.0.0", port=9000)
