"""The vendors' kit: it plays to an Open Service Broker what may happen to it at Halle, and says what it saw.

No database, no model: a vendor runs it without Halle (`halle-vendor-kit`), Halle's worker runs the same.
"""
