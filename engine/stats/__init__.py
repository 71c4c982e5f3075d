"""What the data say of themselves: pure functions on blocks, no clock and no I/O."""
