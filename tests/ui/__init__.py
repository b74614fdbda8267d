"""Tests of the pages, one package a surface."""
