"""The questions of a template and their answers."""
