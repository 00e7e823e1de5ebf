"""A project that exists: its record of template and answers, its git, and its `.env`."""
