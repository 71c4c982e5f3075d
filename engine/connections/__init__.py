"""A worker's connections, from the bytes of an answer to the schedule that they follow. No numpy."""
