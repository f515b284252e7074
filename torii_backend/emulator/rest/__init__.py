"""The REST API that a secret key opens: one module a resource."""
