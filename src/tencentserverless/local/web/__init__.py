"""The web entrance of functions: from the host of a request to the URL of a function, and to its invocation."""
