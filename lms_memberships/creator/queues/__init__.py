"""What waits, what was done, and what went wrong? Three listings under Reports, each with its "Try again"."""
