"""`scaffold new`: a project is made, all of it or nothing."""
