"""Customers with an optional consent; what lacks anything else would leave after an hour by the time of records."""

from datetime import timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write

SIDES = ["customer", "address", "consent"]


class OptionalSide(Gather):
    within = timedelta(milliseconds=250)

    def is_whole(self):
        return len(self.row.parts) == 3

    def is_enough(self):
        return "customer" in self.row.parts and "address" in self.row.parts


flow = Dataflow("optional-side")
events = op.filter("known", values(flow, "customer-events"), lambda event: event["type"] in SIDES)
parts = keyed("events", events, lambda event: event.get("customerId"), lambda event: (event["type"], event["data"]))
rows = gather("by-customer", OptionalSide, parts)
merged = op.map(
    "merge",
    rows,
    lambda row: (row[0], {"customerId": row[0], **{side: row[1][side] for side in SIDES if side in row[1]}}),
)
write("sink", merged, "customers-to-write-to")
