from posthouse.config.problem import Problem, Report


def report(**lines: int) -> Report:
    made = Report()
    for path, line in lines.items():
        made.stands(path.replace("__", "."), line, given=True)
    return made


def test_a_problem_reads_as_place_and_message() -> None:
    assert str(Problem("http.listen", 3, "expected x")) == "http.listen (line 3): expected x"
    assert str(Problem("PORT", None, "expected x")) == "PORT: expected x"
    assert str(Problem("", 3, "expected x")) == "the file (line 3): expected x"


def test_what_is_not_in_the_file_has_the_line_of_what_is_around_it() -> None:
    found = report(pools=2, pools__example=3)
    assert [found.line(path) for path in ("pools.example.keys.web", "pools.example[0]", "pools.x", "http", "")] == [
        3,
        3,
        2,
        1,
        1,
    ]


def test_a_place_is_clean_when_nothing_is_wrong_at_it_or_below_it() -> None:
    found = report()
    found.add("pools.a.keys.web", "wrong")
    found.add("http.cors_origins[0]", "wrong")
    assert not found.clean("pools.a.keys.web")
    assert not found.clean("pools.a")
    assert not found.clean("http.cors_origins")
    assert found.clean("pools.a", below=False)
    assert found.clean("pools.a.keys.we")
    assert found.clean("pools.a.keys.web.mode")


def test_a_setting_without_a_value_stands_somewhere_and_is_not_given() -> None:
    found = report(a=1)
    found.stands("b", 2, given=False)
    assert (found.given("a"), found.given("b"), found.line("b")) == (True, False, 2)


def test_a_warning_is_no_problem() -> None:
    found = report(a=4)
    found.warn("a.b", "see to it")
    assert found.warnings == [Problem("a.b", 4, "see to it")]
    assert found.problems == []
