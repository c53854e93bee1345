"""The profile language: strict YAML with positions, layers with provenance, one schema."""
