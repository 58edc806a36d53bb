"""How does dj-stripe 2.11 do the same? In an environment of its own: it needs an older stripe than ours."""
