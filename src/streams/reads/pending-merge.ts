import { ConfigError, MillraceError, TopologyError } from '../../core/errors.ts'
import { partitionForKey } from '../../kafka/index.ts'
import { comparedKey, type ComparedKey } from '../../kernel/index.ts'
import type { PendingKey, PendingPart } from '../explain/explanation.ts'
import { pendingKey } from '../explain/pending-key.ts'
import type { ProgramState } from '../recovery/program-state.ts'
import type { Session } from '../recovery/session.ts'
import type { Tasks } from '../tasks/tasks.ts'
import type { SourcePartitions } from '../topics/source-partitions.ts'
import type { MergeKey } from '../topology/merged-step.ts'
import type { Plan } from '../topology/plan.ts'
import type { ReadRow } from './pending-reads.ts'

/** A pending part of a side, with what its stage has made of the record. */
export interface HeldPart<Side extends string = string, Value = unknown> extends PendingPart {
  readonly side: Side
  readonly value: Value
}

/** The pending parts of a merge key, as of a committed epoch. @typeParam Parts - The values of parts, by their sides. */
export interface PendingMerge<Parts extends object = Readonly<Record<string, unknown>>> extends PendingKey {
  /** The number of that epoch of its correlation. */
  readonly epoch: number
  /** In the order of the sides; those of a list in that of partitions and offsets. */
  readonly parts: readonly { [Side in keyof Parts & string]: HeldPart<Side, Parts[Side]> }[keyof Parts & string][]
  /** Timestamp of the oldest of them, in milliseconds since 1970. */
  readonly oldestMs: number
}

/** How a pending row is read. */
export interface PendingChoice {
  /** Gives up: the read rejects with its reason. */
  readonly signal?: AbortSignal
}

/** An active process, or what stands for it in a test. */
export interface ReadableProgram {
  readonly plan: Plan
  readonly state: Pick<ProgramState, 'reads' | 'tasks'>
  readonly partitions: SourcePartitions
  /** Whether the pending rows are on threads. */
  readonly areInShards: boolean
}

/** What reads need of a session. */
export function readable(plan: Plan, { state, sources, shards }: Session): ReadableProgram {
  return { plan, state, partitions: sources.partitions, areInShards: shards !== undefined }
}

/**
 * Reads the pending row of a key.
 *
 * @param program - Absent in a process that is not the active one.
 * @throws MillraceError `TABLES_ABSENT`, `PENDING_ELSEWHERE`, `PENDING_READS_EXCEEDED`; TopologyError `WORKERS_UNFIT`; ConfigError
 * `CONFIG_INVALID_VALUE` for what is no key
 */
export async function readPending<Parts extends object>(
  app: string,
  program: ReadableProgram | undefined,
  key: MergeKey,
  { signal }: PendingChoice = {},
): Promise<PendingMerge<Parts> | undefined> {
  if (!isKey(key)) throw new ConfigError('CONFIG_INVALID_VALUE', `${String(key)} is no merge key`, {})
  if (program === undefined) {
    const text = `no pending rows of "${app}" can be read: this process is not the active one`
    throw new MillraceError('TABLES_ABSENT', text, { app })
  }
  const { plan, state, partitions, areInShards } = program
  if (areInShards) {
    const text = `no pending rows of "${app}" can be read: they are in shards on threads, see \`shards\``
    throw new TopologyError('WORKERS_UNFIT', text, { app })
  }
  const compared = comparedKey(key)
  refuseElsewhere(app, compared, state.tasks)
  const row = await state.reads.ask(compared, signal)
  return row.parts.length === 0 ? undefined : (mergeOf(row, plan, partitions) as PendingMerge<Parts>)
}

/** The program of a chain that has a correlation. @throws TopologyError `TOPOLOGY_INVALID` */
export function correlating<Program extends { readonly plan: Plan }>(
  chain: readonly Program[],
  correlation: string,
): Program {
  // What only routes records has the correlation of the one that merges them, and nothing pending.
  const having = chain.filter(({ plan }) => plan.aggregation === undefined && plan.layout !== 'routed')
  const found = having.find(({ plan }) => plan.correlate.id === correlation)
  if (found !== undefined) return found
  const known = having.map(({ plan }) => `"${plan.correlate.id}"`).join(', ')
  const text = `"${correlation}" is no correlation of the topology, which has ${known === '' ? 'none' : known}`
  throw new TopologyError('TOPOLOGY_INVALID', text, { correlation })
}

function isKey(key: unknown): key is MergeKey {
  return typeof key === 'string' || typeof key === 'bigint' || (typeof key === 'number' && Number.isFinite(key))
}

/** In the layout `keyed` another process has the parts of a key that is in none of the tasks of this one. */
function refuseElsewhere(app: string, { bytes }: ComparedKey, { count, own }: Tasks): void {
  const task = partitionForKey(bytes, count)
  if (own.includes(task)) return
  const text = `the key ${Buffer.from(bytes).toString().slice(0, 100)} is in task ${task} of "${app}", which another process has: ask that one, which \`millrace processes\` names`
  throw new MillraceError('PENDING_ELSEWHERE', text, { app, task, own: own.join(', ') })
}

function mergeOf({ epoch, parts }: ReadRow, { sides, correlate }: Plan, partitions: SourcePartitions): PendingMerge {
  const held = parts.map(({ partition, offset, side, timestampMs, json }) => ({
    ...partitions.placeOf(partition),
    offset,
    timestampMs,
    side: sides[side]!.name,
    value: JSON.parse(json) as unknown,
  }))
  const names = sides.map(({ name }) => name)
  const oldestMs = Math.min(...held.map((part) => part.timestampMs))
  return { epoch, oldestMs, ...pendingKey(names, correlate.expiry, held) }
}
