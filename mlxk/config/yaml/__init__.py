"""YAML texts: read strictly, as trees of values with positions or of spans, and changed in place."""
