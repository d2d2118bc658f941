import { avroAndProtobuf } from './avro-and-protobuf.ts'
import { cloudevents } from './cloudevents.ts'
import { debezium } from './debezium.ts'
import { branches } from './branches.ts'
import { enrichAndFilter } from './enrich-and-filter.ts'
import { enrichedOrders } from './enriched-orders.ts'
import type { Example } from './example.ts'
import { experiment } from './experiment.ts'
import { experimentRouted } from './experiment-routed.ts'
import { framedJson } from './framed-json.ts'
import { kOfN } from './k-of-n.ts'
import { latest } from './latest.ts'
import { listSide } from './list-side.ts'
import { parcels } from './parcels.ts'
import { numberedOrders } from './numbered-orders.ts'
import { optionalSide } from './optional-side.ts'
import { salesPerMinute } from './sales-per-minute.ts'
import { threeTopics } from './three-topics.ts'
import { twoCorrelations } from './two-correlations.ts'

/** Every program of `examples/` that runs by itself. */
export const examples: readonly Example[] = [
  experiment,
  experimentRouted,
  threeTopics,
  optionalSide,
  enrichAndFilter,
  branches,
  debezium,
  cloudevents,
  framedJson,
  avroAndProtobuf,
  kOfN,
  listSide,
  latest,
  parcels,
  twoCorrelations,
  numberedOrders,
  enrichedOrders,
  salesPerMinute,
]
