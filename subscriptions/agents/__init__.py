"""The agents of an organisation and their access to its services.

A service is open to everybody who has a mandate there, until it is put on a list; from then on to those whom
the list names, in the role that it gives them.
"""
