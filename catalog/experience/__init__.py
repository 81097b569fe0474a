"""What subscribers say of services, and what members still look for."""
