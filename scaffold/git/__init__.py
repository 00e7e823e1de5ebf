"""How git is run: in repositories of our own, for a project that is changed, and for one that is only looked at."""
