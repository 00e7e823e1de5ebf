"""`scaffold status` and `scaffold diff`: look at a project and change nothing."""
