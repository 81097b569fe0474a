"""A file of agents, from her own software or made by hand: each good row becomes an invitation."""
