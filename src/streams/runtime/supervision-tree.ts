import { supervisor, type SupervisorOptions, type SystemOptions } from '../../actors/index.ts'
import { recall } from '../operators/recall.ts'
import { correlate, type CorrelateParts } from '../operators/correlate.ts'
import { restore } from '../operators/restore.ts'
import { route } from '../operators/route.ts'
import { shardedCorrelate } from '../operators/sharded-correlate.ts'
import { sink, type SinkParts } from '../operators/sink.ts'
import { source, type SourceParts } from '../operators/source.ts'
import { stageOf } from '../operators/stage.ts'
import { step } from '../operators/step.ts'
import { flatMap } from '../operators/flat-map.ts'
import type { RestoredVisit, Session } from '../recovery/session.ts'
import { shardSetup } from '../shards/shard-setup.ts'
import { shardTree } from '../shards/shard-tree.ts'
import type { Shards } from '../shards/shards.ts'
import { TableOfLives } from '../shards/table-of-lives.ts'
import { changesTables, type PlannedSource, stageId } from '../topology/plan.ts'
import type { SourceStep } from '../topology/source.ts'
import type { Ports } from './ports.ts'
import type { Services } from './services.ts'
import { Placement } from '../workers/placement.ts'

/** Time for a function that is under way when its stage is stopped: what it still makes is not used. */
const stageShutdownMs = 100

/** Crashes of the program's own actors that are mended by going back to the last epoch, before the program gives up. */
const restarts = { maxRestarts: 5, withinMs: 60_000, backoff: { initialMs: 100, maxMs: 5_000 } } as const

/** What a system of operators is started with: their supervisors, and the threads that some of them are on. */
type Tree = Pick<SystemOptions, 'root' | 'threads' | 'threadLimits'>

/** What the operators of an active process are made from. */
export interface TreeParts {
  readonly services: Services
  readonly session: Session
  readonly ports: Ports
  /** Called after each committed epoch, and when the table has all pending parts. */
  readonly onProgress: () => void
}

/**
 * The supervision tree. Each step, each route and each stage restarts alone, because it holds nothing, unless it may
 * have changed tables; when anything else crashes, all restart, which rolls the epoch back: the sink settles the state and the source reads again from the last
 * committed offsets.
 */
export function supervisionTree({ services, session, ports, onProgress }: TreeParts): Tree {
  const { name } = services.plan
  const { shards } = session
  const placement = new Placement(services, session, shards === undefined ? name : `${name}/${operatorsId}`)
  const shared = { services, session, ports }
  const onProgressed = () => {
    session.state.reads.look()
    onProgress()
  }
  const correlating: CorrelateParts = { ...shared, onCommitted: onProgressed }
  const writing: SinkParts = shared
  const reading: SourceParts = { ...shared, placement, careful: session.careful, onRestored: onProgressed }
  if (shards !== undefined) return shardedTree({ shards, correlating, writing, reading })
  const root = supervisor({
    name,
    strategy: 'oneForAll',
    ...restarts,
    children: [
      ...placement.children(),
      { start: supervisor({ name: 'sinks', maxRestarts: 0, children: [{ start: sink(writing) }] }) },
      { start: correlate(correlating) },
      ...(services.plan.correlate.whenFull === 'promote' ? [{ start: recall(shared) }] : []),
      ...partMakers(reading),
    ],
  })
  return { root, ...placement.threads() }
}

const none = { maxRestarts: 0 }

/** Id of the supervisor of all operators where the pending table is in shards. */
const operatorsId = 'operators'

interface ShardedTreeParts {
  readonly shards: Shards
  readonly correlating: CorrelateParts
  readonly writing: SinkParts
  readonly reading: SourceParts
}

/** The same where the pending table is in shards, which outlive restarts of the operators. */
function shardedTree({ shards, correlating, writing, reading }: ShardedTreeParts): Tree {
  const { services, session } = correlating
  const { plan, options } = services
  const { placement } = reading
  const functions = placement.threads().threads ?? []
  const { ids, threads, root } = shardTree(shardSetup(services, session), shards.count)
  const table = new TableOfLives(ids)
  const operators = supervisor({
    name: operatorsId,
    strategy: 'oneForAll',
    ...restarts,
    children: [
      ...placement.children(),
      { start: supervisor({ name: 'sinks', ...none, children: [{ start: sink(writing) }] }) },
      { start: shardedCorrelate({ ...correlating, shards, table }) },
      ...(shards.areReading ? [{ start: source(reading) }] : partMakers(reading)),
    ],
  })
  return {
    root: supervisor({ name: plan.name, ...none, children: [{ start: root }, { start: operators }] }),
    threads: [...functions, ...threads],
    threadLimits: { blockedMs: options.maxStallMs },
  }
}

/**
 * The same of a standby, which takes in pending parts and no more: a crash ends it.
 *
 * @param visit - Sees them, too.
 */
export function standbyTree(parts: Omit<SourceParts, 'placement'>, visit?: RestoredVisit): Tree {
  const { services, session } = parts
  const { name } = services.plan
  const placement = new Placement(services, session, name)
  const root = supervisor({
    name,
    ...none,
    children: [
      ...placement.children(),
      { start: restore(services, session, visit) },
      ...partMakers({ ...parts, placement }, none),
    ],
  })
  return { root, ...placement.threads() }
}

/**
 * From the source to the parts.
 *
 * @param given - Restarts of each by itself. @defaultValue those of any supervisor, or none where functions change tables
 */
function partMakers(parts: SourceParts, given?: Pick<SupervisorOptions, 'maxRestarts'>) {
  const { services, session, placement } = parts
  const { plan } = services
  const restarts = given ?? (changesTables(plan) ? none : {})
  return [
    ...plan.sides.map(({ name }, index) => ({
      start: supervisor({
        name: `supervisor-${stageId(name)}`,
        ...restarts,
        children: [{ start: stageOf(services, session, placement, index), shutdownMs: stageShutdownMs }],
      }),
    })),
    ...plan.sources.map((source) => ({
      start: supervisor({
        name: `supervisor-${source.route.id}`,
        ...restarts,
        children: [{ start: route(services, session, placement, source) }],
      }),
    })),
    ...plan.sources.flatMap((source) =>
      source.steps.map((own) => ({
        start: supervisor({
          name: `supervisor-${own.id}`,
          ...restarts,
          children: [{ start: stepOf(parts, source, own), shutdownMs: stageShutdownMs }],
        }),
      })),
    ),
    { start: source(parts) },
  ]
}

function stepOf({ services, session, placement }: SourceParts, source: PlannedSource, own: SourceStep) {
  return own.kind === 'flatMap'
    ? flatMap(services, session, source, own)
    : step(services, session, placement, source, own)
}
