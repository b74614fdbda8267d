"""Users of the directory: members and guests, their properties, roles, security and life."""
