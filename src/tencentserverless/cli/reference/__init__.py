"""Reference texts that come with ``scf`` as JSON files: the error codes and the sample events."""
