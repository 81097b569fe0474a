"""An organisation's agents, and who of them uses which service."""
