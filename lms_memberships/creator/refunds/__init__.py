"""How does a creator give a payment back?"""
