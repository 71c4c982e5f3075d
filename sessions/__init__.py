"""What is kept of a run: the session and its JSON Schema, the folder of sessions, the report."""
