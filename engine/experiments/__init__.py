"""Settings tried in turn by loadtop itself: which are in force, and what came of it."""
