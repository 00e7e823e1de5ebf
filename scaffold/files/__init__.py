"""What the disk asks for: paths that stay inside a folder, and folders that appear complete or not at all."""
