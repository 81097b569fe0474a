"""What an organisation and an agent may do with a service, as the service itself asks.

`keys` says which service asks, `reading` what it may be told, `signing` how it can keep the answer for the
day Halle does not answer.
"""
