"""`_guard`: a request becomes an Auth or an error response."""
