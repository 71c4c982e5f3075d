"""Whole views: the run, the key help, the prompt for an exact load."""
