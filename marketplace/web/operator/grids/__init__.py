"""Pages of an operator's price grids: versions, editor, simulation, publication."""
