"""The load generators that people write themselves, as short as people write them."""
