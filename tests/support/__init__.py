"""Real neighbours for the tests: database server, browser, and what else a test would otherwise pretend."""
