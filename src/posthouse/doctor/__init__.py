"""What keeps mail from going out, or from being believed: each thing is looked at, and what to do is said."""
