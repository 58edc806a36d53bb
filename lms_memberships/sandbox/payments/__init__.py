"""How cards are charged."""
