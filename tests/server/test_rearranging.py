"""From one configuration to the next while requests run: nothing fails, nothing is mixed up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

import pytest

from mlxk.engine.base import Done
from mlxk.errors import EngineUnavailable, InsufficientMemory, ModelNotFound, Overloaded
from mlxk.events import Event, Finish, Start, Usage
from mlxk.protocols.base import ModelCard
from mlxk.requests import GenerationRequest, Message
from mlxk.server.answer import Answer
from mlxk.server.meter import Meter
from mlxk.server.pool import Pool
from mlxk.server.service import Service
from mlxk.server.slot import Slot
from mlxk.server.wishes import Stay, Wish
from tests.server.pooled import REQUEST, World, claim, config
from tests.server.scripted import Script

HELLO = GenerationRequest(messages=(Message("user", "hello"),))


def wish(name: str, weights: str, size: int = 5, *, preload: bool = False, ttl: float | None = None) -> Wish:
    return Wish(name, config(weights), Stay(ttl, False, preload), claim(size))


class House:
    """A service over a pool, as a server has them; `answered` says by which weights each request was."""

    def __init__(self, world: World, wishes: Sequence[Wish], **options: float) -> None:
        self.world = world
        self.pool = Pool(factory=world.factory, **options)  # type: ignore[arg-type]
        self.service = Service()
        self.answered: list[tuple[str, str]] = []
        slots = {wish.name: self.pool.place(wish) for wish in wishes}
        self._serve(wishes, slots.__getitem__)
        self.service.phase = "ready"

    async def change(self, wishes: Sequence[Wish]) -> None:
        order = self.pool.arrange(wishes)
        async with self.pool.rearranged(order, self.service):
            self._serve(wishes, order.slot)

    async def ask(self, name: str) -> None:
        model = await self.service.admitted(name, 1000)
        answer = Answer(model.generate, [HELLO], on_overflow=lambda: None, meter=Meter(lambda _: None))
        with self.service.track(answer, model, 1000):
            async with answer:
                await answer.completions()

    def _serve(self, wishes: Sequence[Wish], slot_of: Callable[[str], Slot]) -> None:
        self.service.serve([self._model(wish, slot_of(wish.name)) for wish in wishes])

    def _model(self, wish: Wish, slot: Slot) -> object:
        async def generate(request: GenerationRequest) -> AsyncIterator[Event]:
            weights = wish.config.model_path  # what the prompt is made for
            for _ in range(5):
                await asyncio.sleep(0)  # rendering, in a thread
            async with aclosing(slot.generate(REQUEST)) as steps:
                yield Start("x", wish.name, 0)
                async for step in steps:
                    assert isinstance(step, Done)
            assert slot.config.model_path == weights
            self.answered.append((wish.name, weights))
            yield Finish("stop", Usage(1, 1))

        model = Script().served(wish.name)
        return replace(
            model, card=ModelCard(wish.name, 0, 8, weights_hash(wish)), generate=generate, stats=slot.stats
        )


def weights_hash(wish: Wish) -> str:
    return wish.config.model_path


async def until(turns: int = 30) -> None:
    for _ in range(turns):
        await asyncio.sleep(0)


@pytest.mark.parametrize("budget", [10, 5])
async def test_other_weights_for_a_name_fail_no_request(budget: int) -> None:
    """With room for both the old ones answer until the new ones are there; without, requests wait."""
    world = World()
    house = House(world, [wish("m", "old")], budget=budget)
    async with house.pool:
        await house.ask("m")
        world.gate.clear()
        running = [asyncio.create_task(house.ask("m")) for _ in range(3)]
        await until()
        changing = asyncio.create_task(house.change([wish("m", "new")]))
        await until()
        late = [asyncio.create_task(house.ask("m")) for _ in range(3)]
        await until()
        assert world.log == (["+old", "+new"] if budget == 10 else ["+old"])
        world.gate.set()
        await asyncio.gather(*running, *late, changing)
        await house.ask("m")
        await until()
        assert [(one.name, one.state, one.bytes) for one in house.pool.states()] == [("m", "ready", 5)]
    assert [weights for _, weights in house.answered] == ["old"] * 4 + ["new"] * 4
    assert sorted(world.log) == ["+new", "+old", "-new", "-old"]


@pytest.mark.parametrize("budget", [10, 5])
async def test_weights_that_cannot_be_loaded_change_nothing(budget: int) -> None:
    world = World()
    world.broken.add("new")
    house = House(world, [wish("m", "old")], budget=budget)
    async with house.pool:
        await house.ask("m")
        with pytest.raises(InsufficientMemory):
            await house.change([wish("m", "new")])
        with pytest.raises(InsufficientMemory):
            await house.change([wish("m", "huge", 50)])
        await house.ask("m")
        assert [(one.name, one.state) for one in house.pool.states()] == [("m", "ready")]
    assert [weights for _, weights in house.answered] == ["old", "old"]
    assert "+huge" not in world.log


async def test_an_edit_may_be_taken_back_while_the_first_one_is_still_carried_out() -> None:
    world = World()
    house = House(world, [wish("m", "old")], budget=30)
    async with house.pool:
        await house.ask("m")
        world.gate.clear()
        running = asyncio.create_task(house.ask("m"))
        await until()
        await house.change([wish("m", "new")])
        await house.change([wish("m", "old")])
        assert [(one.name, one.state) for one in house.pool.states()] == [("m", "ready")]
        assert not running.done()
        world.gate.set()
        await running
        await until(100)
        await house.ask("m")
        await house.change([wish("m", "newest")])
        await house.ask("m")
        await until(100)
        assert [(one.name, one.state) for one in house.pool.states()] == [("m", "ready")]
    assert sorted(world.log) == sorted(
        f"{sign}{name}" for sign in "+-" for name in ("old", "new", "old", "newest")
    )
    assert [weights for _, weights in house.answered] == ["old", "old", "old", "newest"]


async def test_a_second_change_ends_nothing_that_still_answers() -> None:
    world = World()
    house = House(world, [wish("m", "a")], budget=10)
    async with house.pool:
        await house.ask("m")
        world.gate.clear()
        running = asyncio.create_task(house.ask("m"))
        await until()
        await house.change([wish("m", "b")])
        changing = asyncio.create_task(house.change([wish("m", "c")]))
        await until(100)
        assert "-a" not in world.log
        world.gate.set()
        await asyncio.gather(running, changing)
        await house.ask("m")
    assert [weights for _, weights in house.answered] == ["a", "a", "c"]


async def test_an_exchange_without_room_has_an_end() -> None:
    """So do requests that wait for it, and there are not too many of them."""
    world = World()
    house = House(world, [wish("m", "old")], budget=5, patience=0.1)
    async with house.pool:
        await house.ask("m")
        world.gate.clear()
        running = asyncio.create_task(house.ask("m"))
        await until()
        changing = asyncio.create_task(house.change([wish("m", "new")]))
        await until()
        with pytest.raises(Overloaded):
            await house.service.admitted("m", 1)
        await asyncio.wait([changing], timeout=0.05)
        waiting = asyncio.create_task(house.ask("m"))
        with pytest.raises(EngineUnavailable, match="m had answers to finish"):
            await changing
        world.gate.set()
        await asyncio.gather(running, waiting)
        assert world.log == ["+old"]


async def test_a_server_that_stops_keeps_nobody_waiting_for_an_exchange() -> None:
    world = World()
    house = House(world, [wish("m", "old")], budget=5, patience=60)
    async with house.pool:
        await house.ask("m")
        world.gate.clear()
        running = asyncio.create_task(house.ask("m"))
        await until()
        changing = asyncio.create_task(house.change([wish("m", "new")]))
        await until()
        waiting = asyncio.create_task(house.ask("m"))
        await until()
        house.service.phase = "draining"
        with pytest.raises(EngineUnavailable, match="shutting down"):
            await waiting
        changing.cancel()
        world.gate.set()
        await running


async def test_many_changes_under_many_requests() -> None:
    world = World()
    house = House(world, [wish("m", "0")], budget=10)
    async with house.pool:
        done = asyncio.Event()

        async def busy() -> None:
            while not done.is_set():
                await house.ask("m")

        streams = [asyncio.create_task(busy()) for _ in range(4)]
        for number in range(1, 20):
            await until()
            await house.change([wish("m", str(number))])
        done.set()
        await asyncio.gather(*streams)
        await house.ask("m")
        await until()
    assert house.answered[-1] == ("m", "19")
    assert sorted(world.log) == sorted([f"{sign}{number}" for sign in "+-" for number in range(20)])


async def test_what_stays_is_not_loaded_again() -> None:
    world = World()
    before = [wish("a", "x"), wish("a-high", "x"), wish("b", "y")]
    house = House(world, before, budget=100)
    async with house.pool:
        for name in ("a", "b"):
            await house.ask(name)
        await house.change([wish("a", "x", ttl=60), wish("c", "y")])
        for name in ("a", "c"):
            await house.ask(name)
        for name in ("b", "a-high"):
            with pytest.raises(ModelNotFound):
                await house.ask(name)
        assert [(one.name, one.state) for one in house.pool.states()] == [("a", "ready"), ("c", "ready")]
        assert world.log == ["+x", "+y"]
        assert house.pool.states()[0].expires_at is not None


async def test_what_goes_leaves_and_what_sleeps_stays_asleep() -> None:
    world = World()
    house = House(world, [wish("a", "x"), wish("b", "y")], budget=100)
    async with house.pool:
        await house.ask("a")
        await house.change([wish("b", "z"), wish("c", "w", preload=True)])
        await until()
        assert world.log == ["+x", "+w", "-x"]
        assert [(one.name, one.state) for one in house.pool.states()] == [("b", "asleep"), ("c", "ready")]


async def test_names_that_shared_weights_part() -> None:
    world = World()
    house = House(world, [wish("a", "x"), wish("b", "x")], budget=100)
    async with house.pool:
        await house.ask("a")
        await house.change([wish("a", "x"), wish("b", "y")])
        await house.ask("a")
        await house.ask("b")
    assert house.answered == [("a", "x"), ("a", "x"), ("b", "y")]


async def test_leaving_in_the_middle_of_a_change_leaves_nothing() -> None:
    world = World()
    house = House(world, [wish("m", "old")], budget=10)
    async with house.pool:
        await house.ask("m")
        world.loads.clear()
        changing = asyncio.create_task(house.change([wish("m", "new")]))
        await until()
        changing.cancel()
        await asyncio.wait([changing])
        await house.ask("m")
    assert world.log == ["+old", "-old"]


async def test_a_change_without_room_waits_for_what_already_goes_before_it_closes_a_model() -> None:
    world = World()
    house = House(world, [wish("a", "A")], budget=10, patience=0.05)
    async with house.pool:
        await house.ask("a")
        world.gate.clear()
        running = asyncio.create_task(house.ask("a"))
        await until()
        await house.change([wish("b", "B", preload=True)])
        with pytest.raises(EngineUnavailable, match="still answers"):
            await house.change([wish("b", "C", preload=True)])
        assert world.log == ["+A", "+B"]
        late = asyncio.create_task(house.ask("b"))
        world.gate.set()
        await asyncio.gather(running, late)
        await until()
        await house.change([wish("b", "C", preload=True)])
        await house.ask("b")
    assert world.log == ["+A", "+B", "-A", "+C", "-B", "-C"]
