"""How fast is it, beside its peers? Each module answers one question; ``python -m benchmarks`` asks them all."""
