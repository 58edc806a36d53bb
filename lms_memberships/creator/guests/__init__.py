"""How does a creator see what guests have bought and nobody has come for?"""
