"""Requests for many: the same pages behind two doors, an intercommunality's and an operator's."""
