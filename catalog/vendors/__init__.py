"""Vendors: how they come, what they agree to, what they declare each year, and when they are stopped."""
