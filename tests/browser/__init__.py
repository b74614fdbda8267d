"""The story in a real browser against a real server."""
