"""Rows of two tables, as Debezium's connectors write their changes, joined once both are inserted."""

import json

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from topics import keyed, messages, write


def inserted(message):
    """The row; nothing of a later change, of a deletion or of the tombstone after it."""
    if message.value is None:
        return None
    change = json.loads(message.value)
    envelope = change.get("payload", change)
    return envelope["after"] if envelope["op"] in ("c", "r") else None


def rows(name, topic, field):
    up = op.filter_map(f"{name}-rows", messages(flow, topic), inserted)
    return keyed(name, up, lambda row: str(row[field]) if field in row else None, lambda row: row)


flow = Dataflow("debezium")
orders = rows("orders", "shop.public.orders", "id")
payments = rows("payments", "shop.public.payments", "order_id")
joined = op.join("by-order", orders, payments)
merged = op.map(
    "merge", joined, lambda row: (row[0], {"orderId": int(row[0]), "order": row[1][0], "payment": row[1][1]})
)
write("sink", merged, "paid-orders")
