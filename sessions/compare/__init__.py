"""Saved sessions held against one another: two by verdicts, more of them by a ranking."""
