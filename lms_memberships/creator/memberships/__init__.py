"""Which memberships are there, and how does each one stand? The listing in the admin."""
