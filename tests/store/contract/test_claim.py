"""Claiming: what is due, to one holder at a time, in order, within bounds."""

import asyncio

from posthouse.mail.message import Address, Message
from posthouse.store.contract import Store
from posthouse.store.values import Claim, Portion
from tests.store.letters import (
    LEASE_S,
    NOW,
    OTHER_POOL,
    POOL,
    claimed,
    deferred,
    delay,
    ended,
    intent,
    letter,
    letters,
    wanted,
)


def numbers(claims: list[Claim]) -> list[int]:
    return [int(claim.job.id[-4:], 16) for claim in claims]


def heavy(kilobytes: int) -> Message:
    return Message(Address("post@example.com"), text="x" * kilobytes * 1024)


async def test_an_empty_store_gives_nothing(store: Store) -> None:
    assert await store.claim(wanted()) == []


async def test_a_claim_is_leased_for_the_time_asked_for(store: Store) -> None:
    [claim] = await claimed(store, letter())
    assert claim.leased_until == NOW + LEASE_S


async def test_a_claimed_message_is_not_claimed_again(store: Store) -> None:
    await claimed(store, letter())
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []


async def test_a_finished_message_is_not_claimed_again(store: Store) -> None:
    await ended(store, letter())
    assert await store.claim(wanted(NOW + 10 * LEASE_S)) == []


async def test_50_claimers_never_share_a_message(store: Store) -> None:
    await store.add(letters(400))
    found = await asyncio.gather(*(store.claim(wanted(limit=10)) for _ in range(50)))
    assert sorted(number for claims in found for number in numbers(claims)) == list(range(400))


async def test_claimers_amid_senders_get_every_message_once(store: Store) -> None:
    async def send_and_claim(number: int) -> list[Claim]:
        adding = store.add(letters(4, first=4 * number))
        claims = await store.claim(wanted(limit=3))
        await adding
        return claims

    found = await asyncio.gather(*(send_and_claim(number) for number in range(50)), store.claim(wanted(limit=3)))
    rest = await store.claim(wanted())
    assert sorted(number for claims in [*found, rest] for number in numbers(claims)) == list(range(200))


async def test_the_lane_comes_first_then_the_due_time(store: Store) -> None:
    order = [(0, 5), (0, 9), (1, 1), (1, 2), (1, 8), (2, 0)]
    entries = [letter(number, lane=lane, due_at=NOW + due) for number, (lane, due) in enumerate(order)]
    await store.add(entries[::-1])
    assert numbers(await store.claim(wanted(NOW + 10))) == [0, 1, 2, 3, 4, 5]


async def test_pools_are_served_in_the_order_of_due_times_and_not_of_their_names(store: Store) -> None:
    pools = ["example.org", "example.com", "example.net"]
    await store.add([letter(number, pool=pools[number % 3], due_at=NOW + number) for number in range(9)])
    assert numbers(await store.claim(wanted(NOW + 9, limit=4))) == [0, 1, 2, 3]
    assert numbers(await store.claim(wanted(NOW + 9))) == [4, 5, 6, 7, 8]


async def test_the_pools_take_turns_however_much_older_the_mail_of_one_is(store: Store) -> None:
    await store.add(letters(20, pool=OTHER_POOL))
    await store.add(letters(2, first=20, due_at=NOW + 50))
    assert numbers(await store.claim(wanted(NOW + 60, limit=5))) == [0, 20, 1, 21, 2]


async def test_the_pool_with_the_fewest_in_hand_comes_first(store: Store) -> None:
    await store.add(letters(20, pool=OTHER_POOL))
    await store.add(letters(9, first=20, due_at=NOW + 50))
    portions = [Portion(OTHER_POOL, 20, held=3), Portion(POOL, 20, held=1)]
    assert numbers(await store.claim(wanted(NOW + 60, limit=1, portions=portions))) == [20]
    assert numbers(await store.claim(wanted(NOW + 60, limit=6, portions=portions))) == [21, 22, 0, 23, 1, 24]


async def test_a_pool_of_which_nothing_is_said_has_nothing_in_hand(store: Store) -> None:
    await store.add(letters(20, pool=OTHER_POOL))
    await store.add(letters(9, first=20, due_at=NOW + 50))
    portions = [Portion(OTHER_POOL, 20, held=3)]
    assert numbers(await store.claim(wanted(NOW + 60, limit=5, portions=portions))) == [20, 21, 22, 0, 23]


async def test_never_more_of_a_pool_is_claimed_than_its_portion_says(store: Store) -> None:
    await store.add(letters(20, pool=OTHER_POOL))
    await store.add(letters(3, first=20))
    portions = [Portion(OTHER_POOL, 2, held=7), Portion(POOL, 9)]
    assert numbers(await store.claim(wanted(portions=portions))) == [20, 21, 22, 0, 1]


async def test_a_portion_holds_for_all_lanes_together(store: Store) -> None:
    await store.add([letter(number, lane=number % 3) for number in range(12)])
    assert numbers(await store.claim(wanted(portions=[Portion(POOL, 6)]))) == [0, 3, 6, 9, 1, 4]


async def test_what_was_taken_in_one_lane_counts_as_in_hand_in_the_next(store: Store) -> None:
    await store.add(letters(2, lane=0))
    await store.add([letter(number, lane=1, pool=POOL if number % 2 else OTHER_POOL) for number in range(2, 10)])
    assert numbers(await store.claim(wanted(limit=6))) == [0, 1, 2, 4, 3, 6]


async def test_a_lane_comes_before_another_whoever_has_how_many_in_hand(store: Store) -> None:
    await store.add(letters(3, lane=0, due_at=NOW + 9))
    await store.add(letters(3, first=3, lane=1, pool=OTHER_POOL))
    assert numbers(await store.claim(wanted(NOW + 9, limit=4, portions=[Portion(POOL, 9, held=9)]))) == [0, 1, 2, 3]


async def test_claimers_at_the_same_time_share_the_pools_out(store: Store) -> None:
    await store.add([letter(number, pool=POOL if number % 2 else OTHER_POOL) for number in range(80)])
    found = await asyncio.gather(*(store.claim(wanted(limit=10)) for _ in range(8)))
    assert sorted(number for claims in found for number in numbers(claims)) == list(range(80))


async def test_the_order_holds_over_several_claims(store: Store) -> None:
    await store.add([letter(number, lane=number % 3, due_at=NOW + number) for number in range(9)])
    found = [numbers(await store.claim(wanted(NOW + 9, limit=2))) for _ in range(5)]
    assert found == [[0, 3], [6, 1], [4, 7], [2, 5], [8]]


async def test_no_more_than_the_limit_is_claimed(store: Store) -> None:
    await store.add(letters(5))
    assert len(await store.claim(wanted(limit=3))) == 3
    assert len(await store.claim(wanted(limit=3))) == 2


async def test_a_limit_of_zero_claims_nothing(store: Store) -> None:
    await store.add(letters(2))
    assert await store.claim(wanted(limit=0)) == []


async def test_no_more_bytes_are_claimed_than_there_is_room_for(store: Store) -> None:
    entries = [letter(number, message=heavy(10)) for number in range(5)]
    await store.add(entries)
    size = len(entries[0].content)
    assert numbers(await store.claim(wanted(max_bytes=3 * size))) == [0, 1, 2]
    assert numbers(await store.claim(wanted(max_bytes=2 * size - 1))) == [3]


async def test_one_message_larger_than_the_room_passes_alone(store: Store) -> None:
    await store.add([letter(1, message=heavy(100)), letter(2), letter(3)])
    assert numbers(await store.claim(wanted(max_bytes=1000))) == [1]
    assert numbers(await store.claim(wanted(max_bytes=1000))) == [2, 3]


async def test_a_large_message_is_not_overtaken_by_those_behind_it(store: Store) -> None:
    await store.add([letter(1), letter(2, message=heavy(100)), letter(3)])
    assert numbers(await store.claim(wanted(max_bytes=1000))) == [1]
    assert numbers(await store.claim(wanted(max_bytes=1000))) == [2]


async def test_full_pools_are_passed_over(store: Store) -> None:
    pools = ["example.com", "example.net", "example.org"]
    await store.add([letter(number, pool=pools[number % 3]) for number in range(9)])
    assert numbers(await store.claim(wanted(full=["example.net", "example.org"]))) == [0, 3, 6]
    assert numbers(await store.claim(wanted(full=["example.org"]))) == [1, 4, 7]
    assert numbers(await store.claim(wanted(full=pools))) == []
    assert numbers(await store.claim(wanted())) == [2, 5, 8]


async def test_a_full_pool_does_not_use_up_the_limit(store: Store) -> None:
    await store.add([letter(number, pool=OTHER_POOL) for number in range(20)])
    await store.add([letter(20, due_at=NOW + 1)])
    assert numbers(await store.claim(wanted(NOW + 1, limit=1, full=[OTHER_POOL]))) == [20]


async def test_a_pool_with_any_name_can_be_full(store: Store) -> None:
    names = ['a"b', "a\\", "a,b", "[]", "%", "Bücher.example", "'"]
    await store.add([letter(number, pool=name) for number, name in enumerate(names)])
    assert await store.claim(wanted(full=names)) == []
    for number, name in enumerate(names):
        assert numbers(await store.claim(wanted(full=names[:number] + names[number + 1 :]))) == [number], name


async def test_a_scheduled_message_is_not_claimed_before_its_time(store: Store) -> None:
    await store.add([letter(1, due_at=NOW + 60)])
    assert await store.claim(wanted(NOW + 59.999)) == []
    assert numbers(await store.claim(wanted(NOW + 60))) == [1]


async def test_a_retry_is_not_claimed_before_its_time(store: Store) -> None:
    [claim] = await claimed(store, letter(1))
    await store.intend([intent(claim)])
    await store.record([deferred(claim, NOW + 60)])
    assert await store.claim(wanted(NOW + 59.999)) == []
    assert numbers(await store.claim(wanted(NOW + 60))) == [1]


async def test_each_claim_of_a_message_has_a_higher_fence(store: Store) -> None:
    [claim] = await claimed(store, letter())
    fences = [claim.fence]
    for _ in range(3):
        await store.postpone([delay(claim, NOW)])
        [claim] = await store.claim(wanted())
        fences.append(claim.fence)
    assert fences == sorted(set(fences))


async def test_due_returns_at_once_where_something_was_added_before(store: Store) -> None:
    await store.add([letter()])
    async with asyncio.timeout(5):
        await store.due(60)


async def test_due_wakes_on_whatever_may_have_become_due(store: Store) -> None:
    [first, second] = await claimed(store, letter(1), letter(2))
    await store.intend([intent(second)])
    await store.due(0)
    waking = (
        lambda: store.add([letter(3)]),
        lambda: store.postpone([delay(first, NOW)]),
        lambda: store.record([deferred(second, NOW)]),
    )
    for wake in waking:
        waiting = asyncio.create_task(store.due(60))
        await asyncio.sleep(0)
        async with asyncio.timeout(5):
            await wake()
            await waiting


async def test_due_returns_after_its_timeout(store: Store) -> None:
    async with asyncio.timeout(5):
        await store.due(0.01)
