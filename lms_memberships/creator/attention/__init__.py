"""What needs a creator's attention, and the one click that resolves it."""
