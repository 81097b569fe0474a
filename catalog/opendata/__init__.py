"""What everybody may read of the catalogue: nothing negotiated unless its operator says so, nobody's name."""
