"""npm's `openai` client against a real `mlxk up demo`.

Run by hand; it needs Node and npm, and installs the client into a temporary folder:

    python tests/clients/npm_openai.py [FOLDER]    # FOLDER: where it is installed, or will be

Exit status 0, 1 with what did not hold, 2 where the client cannot be installed or the server does not start.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CLIENT = "openai@7"
CHECKS = Path(__file__).with_name("npm_openai.mjs")
PROFILE = "demo"
SECONDS = 120


@contextmanager
def installed(folder: str | None) -> Iterator[Path]:
    """A folder with the client in it; a temporary one if none is named."""
    with tempfile.TemporaryDirectory() as temporary:
        root = Path(folder or temporary).resolve()
        root.mkdir(parents=True, exist_ok=True)
        if not (root / "node_modules" / "openai").is_dir():
            npm = shutil.which("npm")
            if npm is None:
                raise OSError("npm is not installed")
            options = ("--no-audit", "--no-fund", "--ignore-scripts")
            subprocess.run([npm, "install", "--prefix", str(root), *options, CLIENT], check=True)
        yield root


@contextmanager
def served() -> Iterator[str]:
    """The address of a server that runs the embedded model."""
    command = [sys.executable, "-m", "mlxk", "up", PROFILE, "--isolated", "--listen", "127.0.0.1:0"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            for line in process.stderr:
                if match := re.search(r"serves .* at (http://\S+:\d+)", line):
                    yield match.group(1)
                    return
            raise OSError("the server did not start")
        finally:
            process.terminate()


def main() -> int:
    try:
        with installed(sys.argv[1] if len(sys.argv) > 1 else None) as folder, served() as address:
            # Modules are found beside the script that asks for them.
            checks = shutil.copy(CHECKS, folder)
            return subprocess.run(
                ["node", checks, address, PROFILE], cwd=folder, check=False, timeout=SECONDS
            ).returncode
    except (OSError, subprocess.SubprocessError) as error:
        print(f"the checks did not run: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
