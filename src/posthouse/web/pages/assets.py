"""The style, the script and the picture of the pages: from the package, under a name that changes with the content."""

from hashlib import sha256
from pathlib import Path
from typing import Final

from posthouse.web.answer import Answer, Header, problem

FOLDER: Final = Path(__file__).parent / "assets"

KINDS: Final = {".css": b"text/css; charset=utf-8", ".js": b"text/javascript; charset=utf-8", ".svg": b"image/svg+xml"}

KEPT: Final[tuple[Header, ...]] = (
    (b"cache-control", b"public, max-age=31536000, immutable"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


class Assets:
    """All of them, in memory."""

    def __init__(self) -> None:
        self._answers: dict[str, Answer] = {}
        self.paths: dict[str, str] = {}
        for file in sorted(FOLDER.iterdir()):
            kind = KINDS.get(file.suffix)
            if kind is not None:
                content = file.read_bytes()
                path = f"/assets/{sha256(content).hexdigest()[:16]}/{file.name}"
                self._answers[path] = Answer(200, content, ((b"content-type", kind),), KEPT)
                self.paths[file.name] = path

    def answer(self, method: str, path: str) -> Answer:
        """The asset at a path; 404 where there is none, or the one of another version."""
        if method not in ("GET", "HEAD"):
            return problem(405, "method", "Expected one of GET, HEAD.", (b"allow", b"GET, HEAD"))
        return self._answers.get(path) or problem(404, "unknown-path", "There is nothing at this path.")
