"""Signing in and redeeming."""
