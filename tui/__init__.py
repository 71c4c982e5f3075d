"""What a terminal's user touches: the command line, the console, the plain run."""
