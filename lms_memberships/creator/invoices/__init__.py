"""How does a creator find what was billed and paid, and hand it to an accountant?"""
