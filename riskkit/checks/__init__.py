"""One question to the evidence per file; the folder is the list."""
