"""The behaviours of tests/adapters through real servers and sockets."""
