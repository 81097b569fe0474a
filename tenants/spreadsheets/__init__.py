"""CSV files as French spreadsheets write and read them."""
