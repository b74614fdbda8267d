"""What self-service sign-up is made of: providers, attributes, connectors, user flows, requests and the funnel."""
