"""What survives when processes die and neighbours fail."""
