import { EpochSchedule } from '../epochs/epoch-schedule.ts'
import { CarefulMode } from '../poison/careful-mode.ts'
import { Lives } from '../runtime/life.ts'
import type { Services } from '../runtime/services.ts'
import { outputsOf } from '../topics/program-topics.ts'
import { sourcesOf } from '../topics/sources.ts'
import type { Session } from './session.ts'
import { firstState } from './state-after.ts'

/**
 * The session of a program that never was and leaves no trace of its starts, such as one that runs over memory: its
 * sources are empty.
 */
export async function firstSession({ plan, options, topics, logger, outputBytesMax }: Services): Promise<Session> {
  const sources = sourcesOf(plan, topics.sources)
  const none = sources.partitions.list.map(() => 0)
  const request = {
    plan,
    options,
    sources,
    outputs: outputsOf(topics),
    logStarts: none,
    logEnds: none,
    startOffsets: none,
    records: new Map(),
    spareMemory: { take: () => undefined },
    logger,
  }
  const state = firstState(request)
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
    schedule: new EpochSchedule(options),
    lives: new Lives(outputBytesMax),
    openStreaks: new Set(),
  }
}
