"""The answers as pages, for whoever comes with a browser. Loaded when the first of them does, but for `accept`."""
