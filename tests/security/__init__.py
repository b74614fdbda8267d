"""Attacks on the whole server: each test plays one, through the seams an attacker has."""
