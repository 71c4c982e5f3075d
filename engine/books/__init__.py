"""The books of a run: frames and looks entered into seconds and segments, and what these say. No clock."""
