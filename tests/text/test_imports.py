"""The text side works without MLX and without transformers, tool parsers of mlx-lm included."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.text.folders import write_folder

SCRIPT = """
import sys
from pathlib import Path
from mlxk.config.schema import Profile
from mlxk.hub.facts import ModelFacts
from mlxk.requests import GenerationRequest, Message, Tool
from mlxk.text import TextModel
facts = ModelFacts(Path(sys.argv[1]), "x", {"model_type": "llama"}, {}, ())
text = TextModel.load(facts, Profile.model_validate({"model": {"repo": "x/y"}}))
request = GenerationRequest(messages=(Message("user", "Hi"),), tools=(Tool("f"),))
decoder = text.decoder(text.render(request), request)
output = "<tool_call><function=f><parameter=a>1</parameter></function></tool_call>"
decoder.feed(text.encode(output))
decoder.finish("stop")
assert decoder.saw_tool_call, decoder.warnings
print(sorted({name.split(".")[0] for name in sys.modules} & {"mlx", "mlx_lm", "transformers", "torch"}))
"""


def test_neither_mlx_nor_transformers_is_imported(tmp_path: Path) -> None:
    template = "{{ tools | tojson }}<tool_call><function={{ messages[0].content }}"
    path = write_folder(tmp_path, template=template, special=("<|im_end|>",))
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], capture_output=True, text=True, check=False
    )
    assert ran.stderr == ""
    assert ran.stdout.strip() == "[]"
