"""Sign-in as facts and interrupts: what was proven, what is demanded, and what is missing next."""
