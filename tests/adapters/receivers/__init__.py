"""How each adapter receives webhooks at /torii/events, behind the guard of the framework if it has one.

Each module has `build(events, *, consumed=False)`, which makes a server in miniature. With `consumed`,
something reads the body first.
"""
