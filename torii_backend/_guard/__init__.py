"""A request becomes an Auth, or an error response."""
