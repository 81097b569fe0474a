"""Organisations and their agents, kept at Keycloak as Halle knows them.

An agent is somebody who has signed in through Halle's Keycloak: her `sub` is her account there. No account is
ever made in advance, nor given names: an account made for somebody who never signed in would not be the one
that her first sign-in makes, unless an e-mail linked the two, and then it could be somebody else's. Names
come from her own provider at each sign-in. Whose account is gone is listed for a person, and comes back by
her next sign-in and a re-link that an administrator confirms (`tenants.people.relinking`).
"""
