"""The pages that people open in a browser: the sign-in page, and errors."""
