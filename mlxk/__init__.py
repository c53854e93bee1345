"""mlxk: declare a local model once in a YAML profile; run it, chat with it, or serve it.

This module imports nothing, so that `mlxk --help` and `mlxk validate` stay fast.
"""

__version__ = "0.1.0"
