"""Operators: opened by platform staff, then in charge of their own statutes, colours and colleges."""
