"""What does the admin say of one person, and what can be done for them? One page, and one for each deed (X20)."""
