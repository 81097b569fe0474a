"""The outlines of communes and départements, to draw maps with. Public reference data; no database."""
