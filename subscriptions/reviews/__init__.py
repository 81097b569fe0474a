"""The yearly review of who may do what in an organisation."""
