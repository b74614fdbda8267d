"""The protocol surface, request by request."""
