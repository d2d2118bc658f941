"""Orders, payments and shipments, another key in each, the shipment optional."""

import json
from datetime import timedelta

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, messages, values, write

SIDES = ["order", "payment", "shipment"]


class ThreeTopics(Gather):
    within = timedelta(seconds=2)

    def is_whole(self):
        return len(self.row.parts) == 3

    def is_enough(self):
        return "order" in self.row.parts and "payment" in self.row.parts


def key_of_shipment(message):
    return message.key.decode() if message.key is not None else None


flow = Dataflow("three-topics")
orders = keyed("orders", values(flow, "orders"), lambda order: order["order"].get("id"), lambda order: ("order", order))
payments = keyed(
    "payments", values(flow, "payments"), lambda payment: payment.get("orderRef"), lambda payment: ("payment", payment)
)
shipments = keyed(
    "shipments", messages(flow, "shipments"), key_of_shipment, lambda message: ("shipment", json.loads(message.value))
)
rows = gather("by-order", ThreeTopics, orders, payments, shipments)
merged = op.map(
    "merge", rows, lambda row: (row[0], {"orderId": row[0], **{side: row[1][side] for side in SIDES if side in row[1]}})
)
write("sink", merged, "orders-complete")
