"""An operator's agents act for a commune that asks."""
