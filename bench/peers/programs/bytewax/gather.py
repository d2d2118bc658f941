"""Gathers the parts of a key until its row is ready, and leaves out what comes for that key within a day."""

import copy
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any, Dict, Optional

import bytewax.operators as op
from bytewax.operators import KeyedStream, StatefulLogic

REMEMBERED = timedelta(days=1)


@dataclass
class Row:
    parts: Dict[str, Any] = field(default_factory=dict)
    ready_at: Optional[datetime] = None
    """When it leaves without its optional side."""
    forgotten_at: Optional[datetime] = None
    """Of a row that has left."""


class Gather(StatefulLogic):
    within: Optional[timedelta] = None
    """For how long a row waits that lacks its optional side only."""

    def __init__(self, row: Optional[Row]):
        self.row = row if row is not None else Row()

    def add(self, side: str, part: Any) -> None:
        """Adds a part: by default the first one of its side."""
        self.row.parts.setdefault(side, part)

    def is_whole(self) -> bool:
        """Whether all is there that there can be."""
        raise NotImplementedError

    def is_enough(self) -> bool:
        """Whether all is there that has to be."""
        return self.is_whole()

    def on_item(self, value):
        if self.row.forgotten_at is not None:
            return ((), StatefulLogic.RETAIN)
        self.add(*value)
        if self.is_whole():
            return self.leave()
        if self.within is not None and self.is_enough() and self.row.ready_at is None:
            self.row.ready_at = datetime.now(timezone.utc) + self.within
        return ((), StatefulLogic.RETAIN)

    def on_notify(self):
        if self.row.forgotten_at is not None:
            return ((), StatefulLogic.DISCARD)
        return self.leave()

    def leave(self):
        parts = self.row.parts
        self.row = Row(forgotten_at=datetime.now(timezone.utc) + REMEMBERED)
        return ((parts,), StatefulLogic.RETAIN)

    def notify_at(self):
        return self.row.forgotten_at or self.row.ready_at

    def snapshot(self):
        return copy.deepcopy(self.row)


def gather(name: str, logic, *sides: KeyedStream) -> KeyedStream:
    return op.stateful(name, op.merge(f"{name}-sides", *sides), logic)
