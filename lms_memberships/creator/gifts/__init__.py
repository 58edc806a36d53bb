"""How does the admin offer gifts, and show those that were bought? Marketing → Gifts (X15)."""
