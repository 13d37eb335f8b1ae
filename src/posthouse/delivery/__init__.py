"""From the queue to a provider: claim, route, intend, deliver, record."""
