"""``python -m postman_async.cli``: the same command, where scripts are not on the path."""

from postman_async.cli import main

main()
