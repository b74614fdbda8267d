"""Groups of the directory, their members and owners."""
