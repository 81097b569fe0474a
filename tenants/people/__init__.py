"""People and what they may do: invitations, mandates, roles."""
