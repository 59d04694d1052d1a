"""Who pays whom so that a room is even: as few payments as the open shares can carry. Pure, exact.

Debts are edges from debtor to creditor. What goes round in a circle is taken out first: nobody has to
pay for it. Of the rest each person is a payer, a payee, or passes on as much as they get. A payment from
payer to payee is carried by a flow along the debts between them: each share on the way is credited what
flows through it, so that everyone in the middle neither wins nor loses.

The plan is searched for exhaustively up to `SEARCH_MAX` payers and payees; above that, and where the
debts cannot carry what was found, it is built path by path. Everything is in the order of ids, so the
same debts always make the same plan.
"""

import itertools
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

import msgspec

SEARCH_MAX = 8
"""Payers and payees, together, up to which every plan is looked at."""
SEARCH_STEPS_MAX = 1_500
"""So that a room is never waited for: some ten milliseconds."""

Pair = tuple[UUID, UUID]
"""Debtor, creditor."""


class Debt(msgspec.Struct, frozen=True, kw_only=True):
    """What is open of one share."""

    share_id: UUID
    debtor: UUID
    creditor: UUID
    units: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One payment, and what it credits."""

    payer: UUID
    payee: UUID
    units: int
    credits: dict[UUID, int]
    """Units by share. Their sum is more than `units` where the payment settles a chain, or what two
    people owe each other."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """The payments, and what is known of them."""

    lines: list[Line]
    is_fewest: bool
    evens: dict[UUID, int]
    """Units by share that go round in circles none of the lines touches."""


def plan(debts: Iterable[Debt]) -> Plan:
    """Payments after which every debt is gone, but for circles that nobody pays into."""
    ordered = sorted(debts, key=lambda debt: debt.share_id)
    graph = _pairs(ordered)
    circles = _take_circles(graph)
    found, is_fewest = _search(graph)
    carried = found if found is not None else _path_by_path(graph)
    shares = _Shares(ordered)
    flows = [(payer, payee, units, dict(flow)) for payer, payee, units, flow in carried]
    evens: dict[UUID, int] = {}
    lines = []
    for circle in circles:
        on_it = {debtor for debtor, _ in circle}
        touching = next((flow for payer, payee, _, flow in flows if payer in on_it or payee in on_it), None)
        if touching is None:
            for pair, units in circle.items():
                _add(evens, shares.take(pair, units))
            continue
        for pair, units in circle.items():
            touching[pair] = touching.get(pair, 0) + units
    for payer, payee, units, flow in flows:
        credited: dict[UUID, int] = {}
        for pair in sorted(flow):
            _add(credited, shares.take(pair, flow[pair]))
        lines.append(Line(payer=payer, payee=payee, units=units, credits=credited))
    return Plan(lines=lines, is_fewest=is_fewest, evens=evens)


_Carried = tuple[UUID, UUID, int, dict[Pair, int]]


class _Shares:
    """Units of each pair, taken from its oldest share first."""

    def __init__(self, debts: Sequence[Debt]) -> None:
        self._left: dict[Pair, list[tuple[UUID, int]]] = {}
        for debt in debts:
            self._left.setdefault((debt.debtor, debt.creditor), []).append((debt.share_id, debt.units))

    def take(self, pair: Pair, units: int) -> dict[UUID, int]:
        taken: dict[UUID, int] = {}
        left = self._left[pair]
        while units:
            share_id, has = left[0]
            some = min(has, units)
            taken[share_id] = some
            units -= some
            if some == has:
                left.pop(0)
            else:
                left[0] = (share_id, has - some)
        return taken


def _add(sums: dict[UUID, int], more: Mapping[UUID, int]) -> None:
    for key, units in more.items():
        sums[key] = sums.get(key, 0) + units


def _pairs(debts: Sequence[Debt]) -> dict[Pair, int]:
    graph: dict[Pair, int] = {}
    for debt in debts:
        pair = (debt.debtor, debt.creditor)
        graph[pair] = graph.get(pair, 0) + debt.units
    return {pair: graph[pair] for pair in sorted(graph) if graph[pair] > 0}


def _take_circles(graph: dict[Pair, int]) -> list[dict[Pair, int]]:
    """Take every circle out of the graph."""
    circles = []
    while (circle := _circle(graph)) is not None:
        units = min(graph[pair] for pair in circle)
        _subtract(graph, dict.fromkeys(circle, units))
        circles.append(dict.fromkeys(circle, units))
    return circles


def _circle(graph: Mapping[Pair, int]) -> list[Pair] | None:
    """Some circle: walk on from each debtor in turn until a debtor comes again."""
    following: dict[UUID, list[UUID]] = {}
    for debtor, creditor in sorted(graph):
        following.setdefault(debtor, []).append(creditor)
    done: set[UUID] = set()
    for start in sorted(following):
        path: list[UUID] = [start]
        ways = [iter(following.get(start, []))]
        while path:
            other = next(ways[-1], None)
            if other is None:
                done.add(path.pop())
                ways.pop()
            elif other in path:
                around = [*path[path.index(other) :], other]
                return list(itertools.pairwise(around))
            elif other not in done:
                path.append(other)
                ways.append(iter(following.get(other, [])))
    return None


def _subtract(graph: dict[Pair, int], flow: Mapping[Pair, int]) -> None:
    for pair, units in flow.items():
        graph[pair] -= units
        if graph[pair] == 0:
            del graph[pair]


def _nets(graph: Mapping[Pair, int]) -> dict[UUID, int]:
    """What each is owed on balance; below zero: owes."""
    nets: dict[UUID, int] = {}
    for (debtor, creditor), units in graph.items():
        nets[debtor] = nets.get(debtor, 0) - units
        nets[creditor] = nets.get(creditor, 0) + units
    return {person: nets[person] for person in sorted(nets) if nets[person]}


def _search(graph: Mapping[Pair, int]) -> tuple[list[_Carried] | None, bool]:
    """The shortest plan the debts can carry, and whether none at all is shorter."""
    nets = _nets(graph)
    if not nets:
        return [], True
    if len(nets) > SEARCH_MAX:
        return None, False
    best: list[_Carried] | None = None
    fewest = len(nets)
    steps = 0

    def go(left: dict[UUID, int], lines: list[tuple[UUID, UUID, int]]) -> None:
        nonlocal best, fewest, steps
        steps += 1
        payers = [person for person, net in left.items() if net < 0]
        payees = [person for person, net in left.items() if net > 0]
        # Everyone left over pays or is paid at least once.
        at_least = len(lines) + max(len(payers), len(payees))
        if steps > SEARCH_STEPS_MAX or (best is not None and at_least >= len(best)):
            return
        if not payers:
            fewest = min(fewest, len(lines))
            best = _carry(graph, lines) or best
            return
        payer = payers[0]
        # Who is owed exactly as much comes first: such a pair is done with one payment.
        for payee in sorted(payees, key=lambda person: (left[person] != -left[payer], person)):
            units = min(-left[payer], left[payee])
            after = {**left, payer: left[payer] + units, payee: left[payee] - units}
            go(after, [*lines, (payer, payee, units)])

    go(nets, [])
    is_certain = best is not None and steps <= SEARCH_STEPS_MAX and len(best) == fewest
    return best, is_certain


def _carry(graph: Mapping[Pair, int], lines: Sequence[tuple[UUID, UUID, int]]) -> list[_Carried] | None:
    """A flow for each line, together within the debts; None if they cannot all be found one by one."""
    left = dict(graph)
    carried = []
    for payer, payee, units in lines:
        flow = _flow(left, payer, payee, units)
        if _out(flow, payer) < units:
            return None
        _subtract(left, flow)
        carried.append((payer, payee, units, flow))
    return carried


def _path_by_path(graph: Mapping[Pair, int]) -> list[_Carried]:
    """A plan that can always be carried: each payer in turn pays whom their debts lead to."""
    left = dict(graph)
    carried: list[_Carried] = []
    while left:
        nets = _nets(left)
        payer = next(person for person, net in nets.items() if net < 0)
        for payee in sorted(nets, key=lambda person: (nets[person] != -nets[payer], person)):
            if nets[payee] <= 0:
                continue
            flow = _flow(left, payer, payee, min(-nets[payer], nets[payee]))
            units = _out(flow, payer)
            if units:
                _subtract(left, flow)
                carried.append((payer, payee, units, flow))
                break
    return carried


def _flow(graph: Mapping[Pair, int], source: UUID, target: UUID, units: int) -> dict[Pair, int]:
    """As much of `units` as the debts carry from `source` to `target`, by shortest paths (Edmonds, Karp)."""
    flow: dict[Pair, int] = {}
    while units:
        path = _path(graph, flow, source, target)
        if path is None:
            break
        room = min([units, *(_room(graph, flow, pair) for pair in path)])
        for one, other in path:
            back = min(room, flow.get((other, one), 0))
            flow[other, one] = flow.get((other, one), 0) - back
            flow[one, other] = flow.get((one, other), 0) + room - back
        units -= room
    return {pair: amount for pair, amount in flow.items() if amount}


def _room(graph: Mapping[Pair, int], flow: Mapping[Pair, int], pair: Pair) -> int:
    one, other = pair
    return graph.get(pair, 0) - flow.get(pair, 0) + flow.get((other, one), 0)


def _path(
    graph: Mapping[Pair, int], flow: Mapping[Pair, int], source: UUID, target: UUID
) -> list[Pair] | None:
    people = sorted({person for pair in graph for person in pair})
    came: dict[UUID, UUID] = {source: source}
    waiting = deque([source])
    while waiting:
        here = waiting.popleft()
        if here == target:
            break
        for other in people:
            if other not in came and _room(graph, flow, (here, other)) > 0:
                came[other] = here
                waiting.append(other)
    if target not in came:
        return None
    path = []
    while target != source:
        path.append((came[target], target))
        target = came[target]
    return path[::-1]


def _out(flow: Mapping[Pair, int], source: UUID) -> int:
    gone = sum(units for (debtor, _), units in flow.items() if debtor == source)
    back = sum(units for (_, creditor), units in flow.items() if creditor == source)
    return gone - back
