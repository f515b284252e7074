"""The console: one page that calls the admin API. Its files are read when a browser asks for them."""
