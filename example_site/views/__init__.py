"""What the school shows besides its Wagtail pages."""
