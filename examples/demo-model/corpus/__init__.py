"""The seeded generator of synthetic dialogues: one module per kind of thing the model can do.

Each module of the table in `mixture.py` has `make(phrasing, rng) -> Dialogue`. An answer is a
function of what was meant, never of how it was phrased, so that "exact match" is well defined.
"""
