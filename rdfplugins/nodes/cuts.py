"""What a node returns that cuts: its cuts by name, for all events and for each channel."""

from __future__ import annotations

import dataclasses
from typing import Any

from rdfplugins.errors import ConfigError


@dataclasses.dataclass(frozen=True)
class Channel:
    """One of several ways through the cuts of a node, of which an event goes at most one to its end.

    Attributes
    ----------
    name
        A word: letters, digits and ``_``.
    column
        Integer column: how many of the channel's own cuts an event has passed before the first that it has not; 0 for
        an event that fails what all channels have in common.
    names
        Names of its own cuts, in their order.
    """

    name: str
    column: str
    names: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class Cuts:
    """What a node returns that cuts: the events before its cuts, and a column that counts those passed in their order.

    Attributes
    ----------
    df
        The data frame before the cuts, with ``column`` defined.
    column
        Integer column: number of cuts passed before the first that was not.
    names
        Names of the cuts, in their order; an event is kept when ``column`` equals their number.
    channels
        Ways through the cuts of which an event goes one; the last of ``names`` then says that it went one of them, and
        those before it are common to all.
    channel
        Integer column: place in ``channels`` of the one that a kept event went.
    """

    df: Any
    column: str
    names: tuple[str, ...]
    channels: tuple[Channel, ...] = ()
    channel: str = ""

    def __post_init__(self) -> None:
        if not self.channels:
            return
        words = [channel.name for channel in self.channels]
        if not self.names or not self.channel or not all(channel.names for channel in self.channels):
            raise ConfigError("Cuts with channels need a column 'channel', a last cut and cuts of each channel")
        if len(set(words)) < len(words) or not all(word.isidentifier() for word in words):
            raise ConfigError(f"names of channels are words, each another: {', '.join(words)}")

    def kept(self) -> Any:
        """Return the events that pass all cuts, in one filter."""
        return self.df.Filter(f"{self.column} == {len(self.names)}") if self.names else self.df

    def kept_by_name(self) -> Any:
        """Return the same events through one named filter a cut, so that RDataFrame's own ``Report()`` shows them."""
        df = self.df
        for number, name in enumerate(self.names, start=1):
            df = df.Filter(f"{self.column} >= {number}", name)
        return df
