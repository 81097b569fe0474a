"""How plans are carried out: claim, commit, call, record.

Nothing outside is called inside a transaction, nor from a web request. A step is claimed with SKIP LOCKED
under a lease and committed as running, with a Call row, *before* the vendor is asked; a worker that dies
leaves both behind, and the next one asks again with the same key. Each vendor has its lane.
"""
