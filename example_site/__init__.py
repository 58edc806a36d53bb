"""Alder & Ash, a small school for clay: the site that shows how the add-on is used."""
