"""What a tenant's directory holds: tenants, users, applications, roles. Records and their rules only."""
