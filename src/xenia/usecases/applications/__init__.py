"""What administrators and owners do with app registrations and enterprise apps: registering, changing, credentials, assignments, principals."""
