"""One API in front of every email provider: accepted once, kept on disk, delivered through whichever works."""

__version__ = "0.1.0"
