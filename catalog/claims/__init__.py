"""What vendors claim of their services: typed values, automatic checks, evidence, checkers and expiry.

`values`, `reading` and `checks` are pure: no database, no clock. `operations` holds the verbs.
"""
