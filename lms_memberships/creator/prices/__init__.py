"""Who pays which price, and how are members moved to another one? A page of each membership (V38, X11)."""
