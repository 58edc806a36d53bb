"""Who waits for a place, and who had their free trial? Two listings under Reports."""
