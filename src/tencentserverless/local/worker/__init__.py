"""The processes that run user code, seen from the server; ``child`` is our code inside them."""
