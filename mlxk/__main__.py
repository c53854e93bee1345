"""`mlxk` and `python -m mlxk`."""

import signal
import sys


def main() -> int:
    """Run the command line of this process; returns its exit status."""
    # While the command line is imported, Ctrl-C ends the process without a word; then `mlxk.cli` answers it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mlxk.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
