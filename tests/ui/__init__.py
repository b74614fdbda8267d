"""Pages through the handlers, without scripts."""
