"""The one door behind all doors: whoever brings a message, by whatever protocol, it is accepted here."""
