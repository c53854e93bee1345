"""The command line: arguments, a call, an exit status."""
