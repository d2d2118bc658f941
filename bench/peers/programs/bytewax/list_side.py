"""Orders with their lines, of which each order says how many it has."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write


class ListSide(Gather):
    def add(self, side, part):
        if side == "lines":
            self.row.parts.setdefault(side, []).append(part)
        else:
            super().add(side, part)

    def is_whole(self):
        order = self.row.parts.get("order")
        return order is not None and order["lineCount"] == len(self.row.parts.get("lines", []))


flow = Dataflow("list-side")
valid = op.filter("valid", values(flow, "order-heads"), lambda order: isinstance(order["lineCount"], int))
orders = keyed("orders", valid, lambda order: order.get("orderId"), lambda order: ("order", order))
lines = keyed("lines", values(flow, "order-lines"), lambda line: line.get("orderId"), lambda line: ("lines", line))
rows = gather("by-order", ListSide, orders, lines)
merged = op.map(
    "merge", rows, lambda row: (row[0], {"orderId": row[0], "order": row[1]["order"], "lines": row[1].get("lines", [])})
)
write("sink", merged, "orders-with-lines")
