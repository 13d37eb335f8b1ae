"""The embedded dialect: one file, one process, one writer."""
