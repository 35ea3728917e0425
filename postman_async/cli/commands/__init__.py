"""The commands, a module each; `postman_async.cli.loading` finds them by their file names."""
