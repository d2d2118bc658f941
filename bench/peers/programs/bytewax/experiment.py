"""Three sides of one topic by a field."""

import bytewax.operators as op
from bytewax.dataflow import Dataflow
from topics import keyed, values, write

SIDES = ["A", "B", "C"]

flow = Dataflow("experiment")
source = values(flow, "source-topic")
sides = []
for stage in SIDES:
    of_stage = op.filter(f"stage-{stage}", source, lambda value, stage=stage: value["stage"] == stage)
    sides.append(keyed(stage, of_stage, lambda value: value.get("customerId"), lambda value: value["part"]))
joined = op.join("by-customer", *sides, insert_mode="first")
merged = op.map("merge", joined, lambda row: (row[0], {"customerId": row[0], **dict(zip(SIDES, row[1]))}))
write("sink", merged, "sink-topic")
