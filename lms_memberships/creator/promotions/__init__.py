"""How does the admin show and make promotion codes? Marketing → Promotion codes (U40, V19)."""
