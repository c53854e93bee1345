"""The engine: tokens in, tokens out. The only package that imports mlx; see `base` for its interface."""
