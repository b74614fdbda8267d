"""Tests of the administration portal at handler level, on a real store."""
