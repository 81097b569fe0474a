"""Dated versions of a listing's price grid: prepared as drafts, simulated, published, withdrawn."""
