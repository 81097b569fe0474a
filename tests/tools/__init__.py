"""Helpers for tests. No test here but of the helpers themselves."""
