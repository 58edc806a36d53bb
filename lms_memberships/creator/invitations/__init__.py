"""How does the admin show and make invitation links? Marketing → Invitations (V8)."""
