"""docker-compose.yaml without an engine: what it says, and its services started natively."""
