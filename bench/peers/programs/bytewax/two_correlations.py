"""Orders meet their payments, and what is paid meets the end of the month, which says how many orders there were."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write


class PaidOrder(Gather):
    def is_whole(self):
        return len(self.row.parts) == 2


class Statement(Gather):
    def add(self, side, part):
        if side == "paid":
            self.row.parts.setdefault(side, []).append(part)
        else:
            super().add(side, part)

    def is_whole(self):
        end = self.row.parts.get("monthEnd")
        return end is not None and end["orders"] == len(self.row.parts.get("paid", []))


def paid_order(row):
    order_id, parts = row
    return {
        "orderId": order_id,
        "customerId": parts["order"]["customerId"],
        "cents": parts["payment"]["cents"],
    }


flow = Dataflow("two-correlations")
orders = keyed("orders", values(flow, "placed-orders"), lambda each: each.get("orderId"), lambda each: ("order", each))
payments = keyed(
    "payments", values(flow, "order-payments"), lambda each: each.get("orderId"), lambda each: ("payment", each)
)
paid = op.map("paid-order", gather("by-order", PaidOrder, orders, payments), paid_order)
counted = op.filter("counted", values(flow, "month-ends"), lambda end: isinstance(end["orders"], int))
statements = gather(
    "by-customer",
    Statement,
    keyed("ends", counted, lambda end: end.get("customerId"), lambda end: ("monthEnd", end)),
    keyed("paid", paid, lambda order: order["customerId"], lambda order: ("paid", order)),
)
merged = op.map(
    "merge",
    statements,
    lambda row: (row[0], {"customerId": row[0], "monthEnd": row[1]["monthEnd"], "paid": row[1].get("paid", [])}),
)
write("sink", merged, "customer-statements")
