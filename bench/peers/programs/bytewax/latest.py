"""Parcels with the last position before they were delivered."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write


class Latest(Gather):
    def add(self, side, part):
        self.row.parts[side] = part

    def is_whole(self):
        return len(self.row.parts) == 2


flow = Dataflow("latest")
positions = keyed(
    "positions", values(flow, "parcel-positions"), lambda each: each.get("parcel"), lambda each: ("position", each)
)
deliveries = keyed(
    "deliveries", values(flow, "parcel-deliveries"), lambda each: each.get("parcel"), lambda each: ("delivery", each)
)
rows = gather("by-parcel", Latest, positions, deliveries)
merged = op.map(
    "merge", rows, lambda row: (row[0], {"parcel": row[0], "position": row[1]["position"], "delivery": row[1]["delivery"]})
)
write("sink", merged, "parcels-delivered")
