"""Several nodes of one installation."""
