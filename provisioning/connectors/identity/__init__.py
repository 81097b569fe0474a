"""Members' own identity providers and domains, asked over HTTP and DNS: no database here."""
