"""Rules of the core, without any adapter."""
