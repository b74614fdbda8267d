"""The tenant itself: finding it by any of its names, its properties and policies, and its mail."""
