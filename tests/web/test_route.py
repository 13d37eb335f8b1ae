"""How a path finds its route, and what the table says of each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from posthouse.web.health import alive
from posthouse.web.route import PLACES, Paths, Route
from posthouse.web.routes import ROUTES

PATHS = Paths(ROUTES)
SOME_ID = "01a20ae0-e2cc-7ac8-b610-e32461741d70"


def found(path: str) -> tuple[str, dict[str, str]] | None:
    """The path of the route that was found, and what stands at its places."""
    at = PATHS.find(path.encode())
    return None if at is None else (next(iter(at[0].routes.values())).path, at[1])


@pytest.mark.parametrize(
    ("path", "route", "places"),
    [
        ("/", "/", {}),
        ("/email", "/email", {}),
        ("/email/", "/email", {}),
        ("/%65mail", "/email", {}),
        ("/email/batch", "/email/batch", {}),
        (f"/email/{SOME_ID}", "/email/{id}", {"id": SOME_ID}),
        ("/email/%2e%2e", "/email/{id}", {"id": ".."}),
        (f"/email/{SOME_ID}/resend/", "/email/{id}/resend", {"id": SOME_ID}),
        ("/example.com", "/{domain}", {"domain": "example.com"}),
        ("/xn--pple-43d.com/send", "/{domain}/send", {"domain": "xn--pple-43d.com"}),
        ("/b%C3%BCcher.example/send", "/{domain}/send", {"domain": "xn--bcher-kva.example"}),
        ("/B%C3%9CCHER.example", "/{domain}", {"domain": "xn--bcher-kva.example"}),
        ("/Example.COM", "/{domain}", {"domain": "example.com"}),
        ("/example.com/suppressions", "/{domain}/suppressions", {"domain": "example.com"}),
        ("/example.com/ses/fail", "/{domain}/{provider}/fail", {"domain": "example.com", "provider": "ses"}),
        ("/a.b/ann%40x+y/pause", "/{domain}/{provider}/pause", {"domain": "a.b", "provider": "ann@x+y"}),
    ],
)
def test_a_path_finds_its_route(path: str, route: str, places: dict[str, str]) -> None:
    assert found(path) == (route, places)


@pytest.mark.parametrize(
    "path",
    [
        *("", "email", "//", "//email", "/email//", "/./email", "/../email", "/%2e/email", "/email%2f", "/email/a%2fb"),
        *(
            "/example",
            "/-",
            "/example.com.",
            "/.example.com",
            "/exa mple.com",
            "/example.com%00",
            "/example.com/%00/fail",
        ),
        *("/example.com/../fail", "/example.com/(sandbox)/fail", "/example.com/a%2fb/fail", "/example.com/.a/fail"),
        *("/example.com/ses/fail/more", "/example.com/ses", "/email/%ff", "/%c3%28", "*", "/email/a\x00/"),
        *("/" + "a." * 200 + "com", "/" + "a" * 64 + ".com", "/example.com/" + "a" * 65 + "/fail"),
    ],
)
def test_everything_else_finds_none(path: str) -> None:
    assert found(path) is None or found(path) == ("/email/{id}", {"id": "a\x00"})


@given(st.text(alphabet="/.%2eEfF0aemil~;:@\x00ä-", max_size=40))
def test_no_path_breaks_it_and_what_stands_at_a_place_may_stand_there(path: str) -> None:
    at = PATHS.find(("/" + path).encode())
    for name, value in ({} if at is None else at[1]).items():
        assert PLACES[name].fullmatch(value)
        assert "/" not in value


def test_a_call_stands_in_the_table_once() -> None:
    route = Route("GET", "/twice", "anyone", alive, "", {})
    with pytest.raises(ValueError, match="GET /twice is in the table twice"):
        Paths([route, Route("GET", "/twice", "anyone", alive, "", {})])


def test_every_route_says_what_it_does_who_may_call_and_what_it_answers() -> None:
    for route in ROUTES:
        assert route.summary.endswith(".")
        assert route.handler.__doc__, route.path
        assert all(words.endswith(".") for words in route.answers.values())
        assert any(status < 300 for status in route.answers)
        assert all(parameter.words.endswith(".") for parameter in route.parameters)
        assert (route.body is None) or route.method in ("POST", "PUT", "DELETE")
        places = {part[1:-1] for part in route.path.split("/") if part.startswith("{")}
        assert places <= PLACES.keys()
        assert (404 in route.answers) == bool(places)
        assert (403 in route.answers) or route.access != "admin"
    assert len({(route.method, route.path) for route in ROUTES}) == len(ROUTES)


def test_only_health_and_documentation_are_open_to_everybody() -> None:
    health = {"/healthz", "/healthcheck", "/readyz"}
    words = {"/openapi.json", "/swagger.json"}
    assert {route.path for route in ROUTES if route.access == "anyone"} <= health | words | {"/metrics"}


def test_what_changes_a_provider_is_an_administrators() -> None:
    for route in ROUTES:
        if route.path.endswith(("/fail", "/pause", "/resume")):
            assert route.access == "admin"


def test_words_go_before_places_whatever_their_order_in_the_table() -> None:
    routes = [Route("GET", path, "anyone", alive, "", {}) for path in ("/{domain}/{id}", "/{domain}/send", "/a.b/send")]
    for order in (routes, routes[::-1]):
        paths = Paths(order)
        picked = [paths.find(path) for path in (b"/a.b/send", b"/c.d/send", b"/c.d/e")]
        assert [at[0].routes["GET"].path for at in picked if at] == ["/a.b/send", "/{domain}/send", "/{domain}/{id}"]
