"""The writer alone, over a disk that commits when the test says so."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from posthouse.store.batch import MOST, Writer
from posthouse.store.call import Call
from posthouse.store.contract import StoreDown


class Disk:
    """A transaction that stops before its commit until it is let through. What is on it is in `groups`.

    groups: the batches of each commit, as the methods got them.
    """

    def __init__(self) -> None:
        self.groups: list[list[list[Any]]] = []
        self.rolled_back = 0
        self.locked: Exception | None = None
        self.committing = threading.Semaphore(0)
        self._passes = threading.Semaphore(0)
        self._open = False
        self._batches: list[list[Any]] = []
        self.fails: Callable[[list[list[Any]]], Exception | None] = lambda batches: None

    def let_through(self, commits: int = 1) -> None:
        self._passes.release(commits)

    def open_up(self) -> None:
        """From here on every commit passes."""
        self._open = True
        self._passes.release(1000)

    def method(self, items: list[Any]) -> list[Any]:
        """Answers each item with ten times itself; an item that is an exception is raised."""
        self._batches.append(items)
        for item in items:
            if isinstance(item, Exception):
                raise item
        return [item * 10 for item in items]

    def other(self, items: list[Any]) -> list[Any]:
        self._batches.append(items)
        return [-item for item in items]

    def transaction(self, body: Callable[[], None]) -> None:
        self._batches = []
        try:
            if self.locked is not None:
                raise self.locked
            body()
            if not self._open:
                self.committing.release()
                self._passes.acquire()
            if (failure := self.fails(self._batches)) is not None:
                raise failure
        except BaseException:
            self.rolled_back += 1
            raise
        self.groups.append(self._batches)


class Ear:
    """Hears of commits."""

    def __init__(self) -> None:
        self.calls: list[Call] = []

    def committed(self, calls: list[Call]) -> None:
        self.calls += calls


@pytest.fixture
def disk() -> Disk:
    return Disk()


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
async def writer(disk: Disk, ear: Ear) -> AsyncIterator[Writer]:
    writer = Writer(disk.transaction, ear.committed, "writer of a test")
    yield writer
    disk.open_up()
    await writer.close()


async def _at_its_commit(disk: Disk) -> None:
    """Return when a transaction stands before its commit."""
    assert await asyncio.to_thread(disk.committing.acquire, timeout=10)


async def _held(writer: Writer, disk: Disk) -> "asyncio.Future[list[Any]]":
    """A first call, whose commit is under way."""
    first = writer.submit(disk.method, [0])
    await _at_its_commit(disk)
    return first


def _size(batches: list[list[Any]]) -> int:
    return sum(len(batch) for batch in batches)


async def test_a_call_is_answered_item_by_item_in_order(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    assert await writer.submit(disk.method, [3, 1, 2]) == [30, 10, 20]


async def test_a_call_of_nothing_is_answered_without_a_commit(writer: Writer, disk: Disk) -> None:
    assert await writer.submit(disk.method, []) == []
    assert disk.groups == []


async def test_an_answer_arrives_only_after_the_commit(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    for _ in range(20):
        await asyncio.sleep(0)
    assert not first.done()
    disk.let_through()
    assert await first == [0]


async def test_calls_that_come_soon_after_a_commit_has_begun_wait_for_each_other(disk: Disk, ear: Ear) -> None:
    disk.open_up()
    writer = Writer(disk.transaction, ear.committed, "writer of a test", spacing_s=0.5)
    await writer.submit(disk.method, [1])
    second = writer.submit(disk.method, [2])
    await asyncio.wait([second], timeout=0.1)  # as long as it would take to be committed alone
    await asyncio.gather(second, writer.submit(disk.method, [3]))
    await writer.close()
    assert disk.groups == [[[1]], [[2, 3]]]


async def test_an_early_call_is_answered_before_its_commit(writer: Writer, disk: Disk) -> None:
    early = writer.submit(disk.method, [1, 2], early=True)
    assert await early == [10, 20]
    assert disk.groups == []
    disk.open_up()
    await writer.submit(disk.method, [3])
    assert disk.groups[0] == [[1, 2]]


async def test_what_was_told_early_is_not_done_again_when_its_commit_fails(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    disk.fails = lambda batches: OSError("no commit") if [1] in batches else None
    early, late = writer.submit(disk.method, [1], early=True), writer.submit(disk.other, [2])
    disk.open_up()
    assert (await first, await early, await late) == ([0], [10], [-2])
    assert disk.groups == [[[0]], [[2]]]


@pytest.mark.parametrize("company", [[], [2]])
async def test_whoever_was_told_early_hears_with_his_next_call_that_the_disk_was_full(
    writer: Writer, disk: Disk, company: list[int]
) -> None:
    disk.fails = lambda batches: StoreDown("the disk is full") if [1] in batches else None
    first = await _held(writer, disk)
    early, late = writer.submit(disk.method, [1], early=True), writer.submit(disk.other, company)
    disk.let_through()
    assert (await first, await early) == ([0], [10])
    disk.open_up()
    assert await late == [-item for item in company]
    await writer.submit(disk.other, [3])
    with pytest.raises(StoreDown, match="the disk is full"):
        await writer.submit(disk.method, [4], early=True)
    assert await writer.submit(disk.method, [5], early=True) == [50]


async def test_calls_that_arrive_during_a_commit_share_the_next_one(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    waiting = [writer.submit(disk.method, [n, n + 100]) for n in range(1, 51)]
    disk.open_up()
    assert await asyncio.gather(first, *waiting) == [[0], *([10 * n, 10 * n + 1000] for n in range(1, 51))]
    assert [len(group) for group in disk.groups] == [1, 1]
    assert disk.groups[1] == [[item for n in range(1, 51) for item in (n, n + 100)]]


async def test_what_is_to_be_first_is_run_before_what_was_asked_for_earlier(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    calls = [
        writer.submit(disk.method, [1]),
        writer.submit(disk.other, [2], first=True),
        writer.submit(disk.method, [3]),
    ]
    disk.open_up()
    await asyncio.gather(first, *calls)
    assert disk.groups[1:] == [[[2], [1, 3]]]


async def test_calls_of_one_method_are_one_batch_and_methods_come_in_the_order_of_their_first_call(
    writer: Writer, disk: Disk
) -> None:
    first = await _held(writer, disk)
    calls = [(disk.other, 1), (disk.method, 2), (disk.other, 3), (disk.method, 4)]
    waiting = [writer.submit(method, [item]) for method, item in calls]
    disk.open_up()
    assert await asyncio.gather(first, *waiting) == [[0], [-1], [20], [-3], [40]]
    assert disk.groups == [[[0]], [[1, 3], [2, 4]]]


async def test_a_failing_call_fails_alone_and_the_others_of_its_group_succeed(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    fault = ValueError("the faulty one")
    waiting = [writer.submit(disk.method, items) for items in ([1], [2, fault], [3])]
    disk.open_up()
    answers = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert answers == [[0], [10], fault, [30]]
    assert disk.groups == [[[0]], [[1]], [[3]]]
    assert disk.rolled_back == 2


async def test_a_call_that_fails_by_itself_is_not_tried_twice(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    with pytest.raises(ValueError, match="alone"):
        await writer.submit(disk.method, [ValueError("alone")])
    assert disk.rolled_back == 1


async def test_the_writer_goes_on_after_a_failure(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    await asyncio.gather(writer.submit(disk.method, [ValueError()]), return_exceptions=True)
    assert await writer.submit(disk.method, [1]) == [10]


async def test_a_full_disk_fails_the_large_call_and_lets_the_small_one_pass(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    disk.fails = lambda batches: StoreDown("the disk is full") if _size(batches) > 3 else None
    waiting = [writer.submit(disk.method, items) for items in ([1], [2] * 4, [3])]
    disk.open_up()
    _, small, large, last = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert (small, last) == ([10], [30])
    assert isinstance(large, StoreDown)
    assert not large.fatal


async def test_a_failed_disk_fails_everybody_and_nothing_is_tried_again(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    disk.fails = lambda batches: StoreDown("the disk failed", fatal=True)
    waiting = [writer.submit(disk.method, [n]) for n in range(5)]
    disk.open_up()
    answers = await asyncio.gather(first, *waiting, return_exceptions=True)
    assert all(isinstance(answer, StoreDown) and answer.fatal for answer in answers)
    assert disk.groups == []
    assert disk.rolled_back == 2


async def test_a_transaction_that_cannot_begin_is_nobody_s_fault_and_is_tried_once(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    disk.locked = StoreDown("locked")
    waiting = [writer.submit(disk.method, [n]) for n in range(5)]
    disk.open_up()
    assert await first == [0]
    assert await asyncio.gather(*waiting, return_exceptions=True) == [disk.locked] * 5
    assert disk.rolled_back == 1


async def test_a_commit_takes_as_many_items_as_are_good_and_no_more(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    waiting = [writer.submit(disk.method, [n]) for n in range(2 * MOST + 1)]
    disk.open_up()
    await asyncio.gather(first, *waiting)
    assert [_size(group) for group in disk.groups] == [1, MOST, MOST, 1]


async def test_a_call_larger_than_a_good_commit_is_written_whole(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    assert await writer.submit(disk.method, [1] * (MOST + 5)) == [10] * (MOST + 5)
    assert [_size(group) for group in disk.groups] == [MOST + 5]


async def test_a_caller_that_went_away_is_written_and_harms_nobody(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    gone, stays = writer.submit(disk.method, [1]), writer.submit(disk.method, [2])
    gone.cancel()
    disk.open_up()
    assert await first == [0]
    assert await stays == [20]
    assert disk.groups == [[[0]], [[1, 2]]]


async def test_commits_are_told_before_their_callers_are_answered(writer: Writer, disk: Disk, ear: Ear) -> None:
    call = writer.submit(disk.method, [1, 2])
    told: list[list[Any]] = []
    call.add_done_callback(lambda _: told.extend(list(heard.items) for heard in ear.calls))
    disk.open_up()
    await call
    assert told == [[1, 2]]


async def test_what_failed_is_not_told_as_committed(writer: Writer, disk: Disk, ear: Ear) -> None:
    first = await _held(writer, disk)
    waiting = [writer.submit(disk.method, items) for items in ([1], [ValueError()], [3])]
    disk.open_up()
    await asyncio.gather(first, *waiting, return_exceptions=True)
    assert [call.items for call in ear.calls] == [[0], [1], [3]]


async def test_close_writes_what_was_submitted(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    waiting = [writer.submit(disk.method, [n]) for n in range(1, 4)]
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    disk.open_up()
    await closing
    assert await asyncio.gather(first, *waiting) == [[0], [10], [20], [30]]


async def test_a_call_after_close_is_refused_and_not_written(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    await writer.close()
    with pytest.raises(StoreDown, match="closed"):
        await writer.submit(disk.method, [1])
    assert disk.groups == []


async def test_a_call_during_close_is_refused(writer: Writer, disk: Disk) -> None:
    first = await _held(writer, disk)
    closing = asyncio.create_task(writer.close())
    await asyncio.sleep(0)
    with pytest.raises(StoreDown, match="closed"):
        await writer.submit(disk.method, [1])
    disk.open_up()
    await closing
    assert await first == [0]


async def test_closing_twice_is_closing_once(writer: Writer, disk: Disk) -> None:
    await writer.close()
    await writer.close()


async def test_whoever_closes_second_waits_as_well(writer: Writer, disk: Disk) -> None:
    await _held(writer, disk)
    closing = [asyncio.create_task(writer.close()) for _ in range(2)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert not any(task.done() for task in closing)
    disk.open_up()
    await asyncio.gather(*closing)
    assert disk.groups == [[[0]]]


async def test_a_thousand_callers_get_their_own_answers(writer: Writer, disk: Disk) -> None:
    disk.open_up()

    async def call(number: int) -> bool:
        items = list(range(number, number + number % 4))
        return await writer.submit(disk.method, items) == [item * 10 for item in items]

    assert all(await asyncio.gather(*(call(number) for number in range(1000))))


async def test_where_its_thread_ends_by_a_fault_nobody_waits_for_ever(writer: Writer, disk: Disk) -> None:
    disk.open_up()
    unheard_of: Any = object()  # a batch that has no length: the thread falls over it
    calls = [writer.submit(disk.method, [1]), writer.submit(disk.method, unheard_of), writer.submit(disk.method, [2])]
    for call in calls[1:]:
        with pytest.raises(StoreDown, match="TypeError") as caught:
            await call
        assert caught.value.fatal, "the process is to end, not to go on without a writer"
    with pytest.raises(StoreDown, match="TypeError"):
        await writer.submit(disk.method, [3])
    await asyncio.gather(*calls, return_exceptions=True)  # the first may have been written before
    await writer.close()
