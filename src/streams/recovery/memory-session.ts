import { type CheckpointRecords, manifestOf } from '../checkpoint/checkpoint-records.ts'
import { epochLimits } from '../epochs/epoch-limits.ts'
import { EpochSchedule } from '../epochs/epoch-schedule.ts'
import { CarefulMode } from '../poison/careful-mode.ts'
import { PromotedPlaces } from '../retention/promoted-places.ts'
import { Lives } from '../runtime/life.ts'
import { areReadInShards, shardCountOf } from '../shards/fit.ts'
import { Shards } from '../shards/shards.ts'
import { CheckpointTables } from '../tables/checkpoint-tables.ts'
import type { Services } from '../runtime/services.ts'
import { outputsOf, promotedBytesMax } from '../topics/program-topics.ts'
import { sourcesAfter } from './compatibility.ts'
import type { Session } from './session.ts'
import { firstState, stateAfter } from './state-after.ts'

/**
 * The session of a program that runs over memory, and leaves no trace of its starts.
 *
 * @param records - What the checkpoint has; where that is nothing, the sources are empty.
 */
export async function memorySession(services: Services, records: CheckpointRecords): Promise<Session> {
  const { plan, options, topics, logger, tracing, random } = services
  const manifest = manifestOf(records)
  const sources = sourcesAfter(plan, topics.sources, manifest)
  const none = sources.partitions.list.map(() => 0)
  const shardCount = shardCountOf(services)
  const request = {
    plan,
    options,
    sources,
    outputs: outputsOf(topics),
    logStarts: none,
    logEnds: none,
    startOffsets: none,
    records,
    tables: CheckpointTables.of(records),
    promotedPlaces: new PromotedPlaces(),
    spareMemory: { take: () => undefined },
    logger,
    tracing,
    random,
    tableRowBytesMax: promotedBytesMax(topics),
    areInShards: shardCount > 0,
  }
  const state = manifest === undefined ? firstState(request) : stateAfter(request, manifest)
  return {
    compatibility: { kind: 'first start' },
    state,
    sources,
    endOffsets: none,
    careful: await CarefulMode.begin({
      last: undefined,
      epoch: 0,
      attemptsMax: options.processAttempts,
      note: async () => {},
    }),
    schedule: new EpochSchedule(epochLimits(options, plan)),
    lives: new Lives(services),
    openStreaks: new Set(),
    shards: shardCount === 0 ? undefined : new Shards(shardCount, areReadInShards(plan, topics.areCompacted)),
  }
}
