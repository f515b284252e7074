"""What everything stands on: Auth, errors, settings, the package itself."""
