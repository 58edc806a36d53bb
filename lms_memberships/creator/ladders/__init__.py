"""How does the admin put memberships in order? Marketing → Tiers (V28, V31, V37, V49, V50)."""
