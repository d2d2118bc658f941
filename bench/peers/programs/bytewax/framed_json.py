"""Stock levels behind the prefix of a schema registry, and forecasts in MessagePack, joined by article."""

import json

import bytewax.operators as op
import msgpack
from bytewax.dataflow import Dataflow
from topics import keyed, messages, write

PREFIX_BYTES = 5
"""Byte 0, and the four of the schema's id."""


def unframed(message):
    return json.loads(message.value[PREFIX_BYTES:]) if message.value[0] == 0 else None


def unpacked(message):
    """Nothing where it cannot be read, or expects nothing."""
    try:
        forecast = msgpack.unpackb(message.value)
    except (ValueError, msgpack.UnpackException):
        return None
    return forecast if forecast["expected"] > 0 else None


def by_sku(topic, read):
    values = op.filter_map(f"{topic}-read", messages(flow, topic), read)
    return keyed(topic, values, lambda value: value.get("sku"), lambda value: value)


flow = Dataflow("framed-json")
joined = op.join("by-sku", by_sku("stock-levels", unframed), by_sku("forecasts", unpacked))
merged = op.map("merge", joined, lambda row: (row[0], {"sku": row[0], "stock": row[1][0], "forecast": row[1][1]}))
write("sink", merged, "stock-and-forecast")
