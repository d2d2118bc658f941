"""Prices of an article from three suppliers, of which any two are enough."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write

SUPPLIERS = ["north", "south", "west"]


class KOfN(Gather):
    def is_whole(self):
        return len(self.row.parts) == 2


flow = Dataflow("k-of-n")
known = op.filter("known", values(flow, "prices"), lambda price: price["supplier"] in SUPPLIERS)
prices = keyed("prices", known, lambda price: price.get("article"), lambda price: (price["supplier"], price["price"]))
rows = gather("by-article", KOfN, prices)
merged = op.map(
    "merge", rows, lambda row: (row[0], {"article": row[0], **{name: row[1][name] for name in SUPPLIERS if name in row[1]}})
)
write("sink", merged, "prices-compared")
