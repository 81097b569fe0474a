"""What goes to a public issuer's finance software, and what comes back: proposals of titres in PES V2,
numbers and payments in a CSV file."""
