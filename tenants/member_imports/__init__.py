"""A file of members given by an operator: read, reported on, then applied once somebody has agreed."""
