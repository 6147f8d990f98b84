"""Cuts counted channel by channel: those of each channel's own, and all that come after them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from rdfplugins.errors import RdfpluginsError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from rdfplugins.cutflow import Cut
    from rdfplugins.nodes.base import Channel
    from rdfplugins.select.graph.cutflow import BookedCuts


@dataclasses.dataclass
class Channels:
    """What an event loop fills for the channels of one node.

    Attributes
    ----------
    node
        Its name, for messages.
    channels
        As the node gave them.
    column
        The column that holds the place of a kept event's channel.
    start
        Rows of the cutflow that all channels have in common; the next one is that of the events of any channel.
    own
        The cuts of each channel.
    kept
        The events of each channel behind the node, under the name of its last cut.
    later
        All cuts behind the node, with one part for each channel.
    """

    node: str
    channels: tuple[Channel, ...]
    column: str
    start: int
    own: list[BookedCuts]
    kept: BookedCuts
    later: list[BookedCuts] = dataclasses.field(default_factory=list)

    def read(self, cuts: Sequence[Cut], variations: Sequence[str], variation: str | None) -> dict[str, tuple[Cut, ...]]:
        """Return, after the loop, channel -> its whole way, from ``all`` to the last cut.

        Parameters
        ----------
        cuts
            Those of all events.
        variations
            All that there are: the ways have the same rows under each of them.
        variation
            Which one; None: nominal.

        Raises
        ------
        RdfpluginsError
            Where the numbers contradict each other, as the columns of the node then do.
        """
        self._check(cuts[self.start], variation)
        loses = any(self._loses(label) for label in (None, *variations))
        ways = {}
        for number, (channel, own) in enumerate(zip(self.channels, self.own, strict=True)):
            kept = self.kept.read(variation, part=number) if loses else []
            later = [cut for booked in self.later for cut in booked.read(variation, part=number)]
            ways[channel.name] = (*cuts[: self.start], *own.read(variation), *kept, *later)
        return ways

    def _events(self, variation: str | None) -> Mapping[str, tuple[int, int]]:
        """Return channel -> events that passed its own cuts, and those that were kept."""
        return {
            channel.name: (own.read(variation)[-1].events, self.kept.read(variation, part=number)[0].events)
            for number, (channel, own) in enumerate(zip(self.channels, self.own, strict=True))
        }

    def _loses(self, variation: str | None) -> bool:
        """Return whether some event that passed all cuts of a channel was not kept in it."""
        return any(passed > kept for passed, kept in self._events(variation).values())

    def _check(self, selected: Cut, variation: str | None) -> None:
        events = self._events(variation)
        for name, (passed, kept) in events.items():
            if kept > passed:
                raise RdfpluginsError(
                    f"node {self.node}: {kept} events are kept in channel {name}, whose cuts {passed} passed; its"
                    " columns contradict each other"
                )
        total = sum(kept for _, kept in events.values())
        if total != selected.events:
            raise RdfpluginsError(
                f"node {self.node}: {selected.events} events pass '{selected.name}', and {total} are in a channel; its"
                " columns contradict each other"
            )
