"""Orders with their customers, made into invoices; what costs nothing is left out."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import keyed, values, write


class EnrichAndFilter(Gather):
    def is_whole(self):
        return len(self.row.parts) == 2


def invoice(row):
    """Nothing where the order is free, or has no lines to count."""
    order_id, parts = row
    cents = sum(line["cents"] * line["count"] for line in parts["order"].get("lines", []))
    customer = parts["customer"]
    bill = f"{customer['name']}, {customer['country']}"
    return (order_id, {"orderId": order_id, "bill": bill, "cents": cents}) if cents > 0 else None


flow = Dataflow("enrich-and-filter")
orders = keyed(
    "orders", values(flow, "priced-orders"), lambda each: each.get("orderId"), lambda each: ("order", each["order"])
)
customers = keyed(
    "customers",
    values(flow, "order-customers"),
    lambda each: each.get("orderId"),
    lambda each: ("customer", each["customer"]),
)
rows = gather("by-order", EnrichAndFilter, orders, customers)
write("sink", op.filter_map("invoice", rows, invoice), "order-invoices")
