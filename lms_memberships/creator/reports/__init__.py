"""How does a creator see how the memberships do, month by month?"""
