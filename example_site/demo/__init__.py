"""How does the demo run: which processes, and in which order?"""
