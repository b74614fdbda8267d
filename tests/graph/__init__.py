"""Tests of the Graph surface."""
