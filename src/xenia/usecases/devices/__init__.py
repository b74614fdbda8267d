"""Signing in a device without a browser: its code, the approval elsewhere, and the tokens that follow."""
