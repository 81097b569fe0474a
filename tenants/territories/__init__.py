"""Finding and following the territories of the register, in the database."""
