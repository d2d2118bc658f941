"""Orders that are placed and paid, as CloudEvents in binary mode: type, subject and trace are headers."""

import json
import re

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from gather import Gather, gather
from topics import messages, write

TYPES = ["com.example.order.placed", "com.example.order.paid"]
TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")


class CloudEvents(Gather):
    def is_whole(self):
        return len(self.row.parts) == 2


def part_of(message):
    """The event by its subject, with its trace."""
    headers = {name: value.decode() for name, value in message.headers}
    if headers.get("ce_type") not in TYPES or "ce_subject" not in headers:
        return None
    trace = []
    if TRACEPARENT.fullmatch(headers.get("traceparent", "")):
        trace = [(name, headers[name].encode()) for name in ("traceparent", "tracestate") if name in headers]
    return (headers["ce_subject"], (headers["ce_type"], (json.loads(message.value), trace)))


def merge(row):
    subject, parts = row
    return (subject, {"subject": subject, **{of_type: parts[of_type][0] for of_type in TYPES}})


def trace_of(row):
    """That in which the order was placed, or else paid."""
    return row[1][TYPES[0]][1] or row[1][TYPES[1]][1]


flow = Dataflow("cloudevents")
events = op.filter_map("by-subject", messages(flow, "shop-events"), part_of)
rows = gather("orders", CloudEvents, events)
write("sink", rows, "orders-placed-and-paid", merge, trace_of)
