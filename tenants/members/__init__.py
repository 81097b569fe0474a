"""The members of an operator: who adheres, since when, until when, and how they are found."""
