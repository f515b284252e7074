"""`_verify`: a token becomes an Auth."""
