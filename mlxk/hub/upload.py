"""An upload in a process of its own: `python -m mlxk.hub.upload`, for `mlxk.hub.push` alone."""

from __future__ import annotations

import logging
import sys
from typing import Any

from huggingface_hub import HfApi
from huggingface_hub.utils.tqdm import disable_progress_bars

from mlxk.hub.errand import Order, answer
from mlxk.hub.failures import told


def upload(order: Order) -> dict[str, Any]:
    """Make the repository if it is not there, and commit. `order`: repo, folder, files, private, message."""
    if not sys.stderr.isatty():
        disable_progress_bars()
    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)
    api = HfApi()
    with told(order["repo"]):
        api.create_repo(order["repo"], private=order["private"], exist_ok=True)
        commit = api.upload_folder(
            repo_id=order["repo"],
            folder_path=order["folder"],
            allow_patterns=order["files"],
            commit_message=order["message"],
        )
    return {"commit": commit.oid, "url": commit.commit_url}


if __name__ == "__main__":
    answer(upload)
