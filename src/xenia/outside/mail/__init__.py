"""Mail on its way out: rendering to both parts, and the transports that hand it over."""
