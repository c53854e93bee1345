"""Text: chat templates, tokenising, and turning generated tokens into events.

A request's way through here: `TextModel.render` makes the `Prompt` (`template`, `prompt`, `tokenizer`), and
`TextModel.decoder` the `Decoder` that turns sampled ids into events (`detokenizer`, `scanner` over the
`grammar` that `presets` and `tools.table` hold as data, `blocks`, `stops`). Nothing here imports mlx.
"""

from mlxk.text.decoder import Decoder
from mlxk.text.model import TextModel
from mlxk.text.prompt import Prompt

__all__ = ["Decoder", "Prompt", "TextModel"]
