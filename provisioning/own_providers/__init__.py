"""Members' own identity providers: typed by an operator, tried, proven by DNS, then told to Keycloak.

What pages ask for (`operations`, `domains`) is carried out by a worker (`trials`, `proving`, `applying`).
"""
