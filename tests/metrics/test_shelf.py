"""What several workers count, told by any of them."""

from pathlib import Path

from posthouse.metrics.shelf import Shelf
from posthouse.metrics.snapshot import Snapshot

ACCEPTED, OPEN = "posthouse_accepted_total", "posthouse_in_flight"
LABELS, LINE = ("example.com", "http"), ("example.com", "first")


def counted(accepted: float, in_flight: float, at: float = 1.0) -> Snapshot:
    return Snapshot(at, {ACCEPTED: {LABELS: accepted}, OPEN: {LINE: in_flight}})


def test_any_worker_tells_of_all(tmp_path: Path) -> None:
    one, two = Shelf(tmp_path, 0), Shelf(tmp_path, 1)
    one.put(counted(3, 1))
    two.put(counted(4, 2))
    for shelf, own in ((one, counted(3, 1)), (two, counted(4, 2))):
        together = shelf.with_others(own)
        assert together.numbers[ACCEPTED][LABELS] == 7
        assert together.numbers[OPEN][LINE] == 3


def test_what_a_dead_worker_counted_stays_and_what_it_held_does_not(tmp_path: Path) -> None:
    Shelf(tmp_path, 0).put(counted(3, 1))
    for life in range(2):
        again = Shelf(tmp_path, 0)
        assert again.with_others(counted(0, 0)).numbers[ACCEPTED][LABELS] == 3 + life
        assert again.with_others(counted(0, 0)).numbers[OPEN][LINE] == 0
        again.put(counted(1, 5))


def test_a_file_that_is_spoilt_is_passed_over(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 0)
    (tmp_path / "1.now").write_bytes(b"spoilt")
    (tmp_path / "notes").write_text("not ours")
    assert shelf.with_others(counted(3, 1)).numbers[ACCEPTED][LABELS] == 3
