"""Inviting guests: who may, what will happen, the mail, its link, and what became of it."""
