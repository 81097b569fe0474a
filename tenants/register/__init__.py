"""The territory register: communes, intercommunalities, départements and régions of one vintage.

Plain data and pure code, without Django: `build` makes the data file again, `reader` reads it,
`names` prepares names for search, `vintage` says where each figure comes from.
"""
