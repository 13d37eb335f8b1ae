"""Configurations of the services that came before, written anew as `posthouse.yaml`.

Each importer is a pure function of what the other configuration says; it answers with a `Draft`. What has no
equivalent becomes a note in the draft: it stands in the new file's comments and is told to whoever imports.
"""

from posthouse.config.imports.draft import Draft, written
from posthouse.config.imports.recognise import from_environment, from_text
from posthouse.config.imports.source import Unreadable

__all__ = ["Draft", "Unreadable", "from_environment", "from_text", "written"]
