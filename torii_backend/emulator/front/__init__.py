"""The part of the tenant host that front-ends call, with one module per concern."""
