"""`scaffold controls`: which controls and practices a project has, and what it leaves to others."""
