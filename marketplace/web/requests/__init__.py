"""Requests that an operator or a vendor must agree to: the same pages behind two doors."""
