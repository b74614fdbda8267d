"""What the token endpoint does: who a client is, what it may have, and the tokens it gets, renews or trades."""
