"""The carriers. Each HTTP provider is a translator: message to request, response to outcome, and nothing else."""
