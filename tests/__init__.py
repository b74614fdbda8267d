"""The test suite. A package, so that `tests.support` is found before any other package of that name."""
