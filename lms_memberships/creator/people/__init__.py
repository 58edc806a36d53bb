"""Who holds or held something? The list of people, its files, and what is done for many of them at once."""
