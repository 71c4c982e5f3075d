"""The engine: makes load, measures it, watches the target. Knows no terminal and no file format."""
