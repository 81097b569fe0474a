"""Service sheets: what a vendor writes, publishes once, and each operator's members then read."""
