"""Makes `python -m server` the command `seedbed`."""

from server.cli import main

main()
