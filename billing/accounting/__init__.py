"""What an operator's accountant takes away: the journal of sales, the FEC of a private issuer, who owes
since when."""
