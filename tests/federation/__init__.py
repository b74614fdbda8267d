"""Federation with real providers: other tenants, other servers, other programs."""
