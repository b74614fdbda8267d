"""Nouns and rules. Standard library only: no web, no SQL, no clock, no randomness, no environment."""
