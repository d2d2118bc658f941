import { codecs } from '../../kernel/index.ts'
import type { Session } from '../recovery/session.ts'
import { tableOptions } from '../recovery/table-options.ts'
import type { Services } from '../runtime/services.ts'
import { areWanted } from '../tracing/carried-contexts.ts'
import { mergedSink, recordBytesMax } from '../topics/program-topics.ts'
import { isHandedOver, isWrittenAsMerged, type Plan, type PlannedSource } from '../topology/plan.ts'
import type { Sink, SinkHeaders } from '../topology/sink.ts'
import type { ShardDecoder, ShardSetup } from './shard-messages.ts'

/** What each shard of a program is made of, but for its place. */
export function shardSetup(services: Services, { state, sources, shards }: Session): Omit<ShardSetup, 'place'> {
  const { plan, options, topics, tracing } = services
  const { depthMax, keyBytesMax, decompressedBytesMax } = options
  const table = tableOptions(services, state)
  const [{ compression, headers, timestamp }] = plan.sinks as readonly [Sink]
  const isOnward = !isWrittenAsMerged(plan)
  return {
    partitionCount: sources.partitions.count,
    table: { ...table, bytesMax: Math.ceil(table.bytesMax / shards!.count) },
    decompressedBytesMax,
    sideNames: plan.sides.map(({ name }) => name),
    decoders: plan.sources.map((source) => ({ ...sidesOf(plan, source), depthMax, keyBytesMax })),
    traces: {
      areWanted: areWanted(plan),
      followedRatio: tracing === undefined ? 0 : options.traceRatio,
    },
    keyName: plan.correlate.keyName,
    expiry: plan.correlate.expiry,
    withinMs: plan.correlate.withinMs,
    sink: {
      partitionCount: topics.sinks[mergedSink]!.partitions.length,
      batchBytes: Math.min(options.batchBytes, topics.batchBytesMax[mergedSink]!),
      recordBytesMax: recordBytesMax(topics, mergedSink),
      codec: codecs[compression],
      isHandedOver: isHandedOver(plan),
      isOnward,
      // A function stays on the main thread.
      headers: isOnward ? {} : (headers as SinkHeaders),
      timestamp,
    },
  }
}

function sidesOf({ sides }: Plan, { route, sides: own }: PlannedSource): Pick<ShardDecoder, 'route' | 'sides'> {
  const { by } = route
  return {
    route: typeof by === 'object' && by.kind === 'field' ? by.path : own[0]!,
    sides: sides.map(({ name, part, key }, side) => ({
      name,
      part,
      // A class does not cross to threads.
      key: key.kind === 'keyFunction' ? { kind: 'keyFunction' } : { ...key },
      isElsewhere: !own.includes(side),
    })),
  }
}
