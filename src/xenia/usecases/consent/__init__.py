"""Which permissions an app asks for, who agreed to them, and how that is taken back."""
