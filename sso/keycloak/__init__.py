"""Keycloak, the broker behind which people sign in: its realm as code, its clients and organisations.

Pages never come here: `manage.py apply_realm` and the provisioning engine do.
"""
