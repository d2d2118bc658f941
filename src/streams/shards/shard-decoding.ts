import { Decoder, type RecordColumns } from '../../kernel/index.ts'
import { CarriedContexts, carriesTraces, soughtByDecoder } from '../tracing/carried-contexts.ts'
import { TraceSampling } from '../tracing/trace-sampling.ts'
import type { ShardDecoder, ShardSetup } from './shard-messages.ts'

/** What finds side, key and part of the records of a source, and the traces that parts carry. */
export function decodingOf(
  { route, ...options }: ShardDecoder,
  { areWanted, followedRatio }: ShardSetup['traces'],
): (columns: RecordColumns) => void {
  const wishes = {
    plan: { sinks: [{ traceContext: areWanted }] },
    tracing: followedRatio > 0 ? { sampling: new TraceSampling(followedRatio) } : undefined,
  }
  const contexts = carriesTraces(wishes) ? new CarriedContexts(wishes) : undefined
  const path = typeof route === 'number' ? undefined : route
  const decoder = new Decoder({ ...options, route: path, leastRandom: soughtByDecoder(wishes) })
  return (columns) => {
    if (typeof route === 'number') {
      columns.reason.fill(0, 0, columns.count)
      columns.side.fill(route, 0, columns.count)
    }
    decoder.decode(columns)
    contexts?.take(columns)
  }
}
