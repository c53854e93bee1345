"""`mlxk` and `python -m mlxk`."""

import gc
import signal
import sys

# Starting makes many objects that stay; looking through them for garbage every 700 is a tenth of its time.
_COLLECT_AFTER = 20_000


def main() -> int:
    """Run the command line of this process; returns its exit status."""
    gc.set_threshold(_COLLECT_AFTER, 10, 10)
    # While the command line is imported, Ctrl-C ends the process without a word; then `mlxk.cli` answers it.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    from mlxk.cli import main as run

    signal.signal(signal.SIGINT, signal.default_int_handler)
    return run()


if __name__ == "__main__":
    sys.exit(main())
