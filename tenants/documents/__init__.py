"""What every printed document stands on: one typeface, one typesetter. No Django, no database, no clock."""
