"""What a developer's machine needs: database, supervisor, schema baseline. Never in production."""
