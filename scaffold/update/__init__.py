"""`scaffold update`: plan, merge, look for what is in the way, apply, and put back what failed."""
