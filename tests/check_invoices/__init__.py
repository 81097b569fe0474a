"""`make check-invoices`: all invoices of the demo and a mixed run of 2,000, judged by the official rules."""
