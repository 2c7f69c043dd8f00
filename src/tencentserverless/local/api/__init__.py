"""From a request to an action: its format, its signature, its action, its answer; and the server's own endpoint."""
