"""Sending issued invoices: what an operator deposits at a portal, and what becomes of each there."""
