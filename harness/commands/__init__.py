"""One module a verb (or family of verbs) of the command line."""
