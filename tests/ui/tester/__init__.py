"""The tester."""
