"""What a member keeps of its searches, and how it chooses: "Mes choix"."""
