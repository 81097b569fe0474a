"""What the law asks about people: a copy of their data, its erasure, and how long anything is kept."""
