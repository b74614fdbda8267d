"""The declared entities, one module per noun."""
