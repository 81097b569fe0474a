"""The value file of a project: what it costs and brings over its term, and what happened after a year."""
