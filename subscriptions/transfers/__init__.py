"""A vendor takes over another one's contracts: an operator prepares and signs, a worker carries it out.

What passes: the service (catalog.vendors.passing), the place in its lots, the sight of what is open. What
stays: what was closed before, issued papers and invoices, the addresses, the instances and how they open.
"""
