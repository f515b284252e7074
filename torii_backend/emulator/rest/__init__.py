"""The REST API, with one module per resource."""
