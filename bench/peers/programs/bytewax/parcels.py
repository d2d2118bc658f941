"""Orders that leave in several parcels, each of which meets its delivery."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from topics import keyed, values, write

PARCELS_MAX = 8


def parcels_of(order):
    parcels = order["parcels"]
    if len(parcels) > PARCELS_MAX:
        return []
    return [{**parcel, "orderId": order["orderId"]} for parcel in parcels]


flow = Dataflow("parcels")
parcels = op.flat_map("parcels", values(flow, "packed-orders"), parcels_of)
joined = op.join(
    "by-parcel",
    keyed("parcels-by-id", parcels, lambda parcel: parcel.get("id"), lambda parcel: parcel),
    keyed("deliveries", values(flow, "deliveries"), lambda delivery: delivery.get("parcel"), lambda delivery: delivery),
)
merged = op.map("merge", joined, lambda row: (row[0], {"id": row[0], "parcel": row[1][0], "delivery": row[1][1]}))
write("sink", merged, "parcels-delivered")
