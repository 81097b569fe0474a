"""Curation: what an operator lets stand on its own shelf, and on which terms."""
