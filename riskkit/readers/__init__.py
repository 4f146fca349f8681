"""Readers of evidence: one file or folder per format. Content decides which reader takes a file."""
