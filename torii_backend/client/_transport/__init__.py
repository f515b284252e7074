"""One call of the REST API, from arguments to response. The client's only I/O."""
