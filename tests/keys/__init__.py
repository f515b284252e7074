"""`_keys`: fetching, caching and refreshing keys."""
