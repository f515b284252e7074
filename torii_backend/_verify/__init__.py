"""An access token becomes an Auth."""
