import { TopologyError } from '../../core/errors.ts'
import { kindOf } from '../../core/kind-of.ts'
import type { PartSource } from '../../kernel/index.ts'
import type { Field } from './field.ts'
import type { Key } from './key.ts'
import type { Stage } from './stage.ts'
import { invalid, isByName, isKind } from './topology-checks.ts'
import type { RouteFunction, Topology } from './topology.ts'

/** A topology that has been checked: what the runtime is built from. */
export interface Plan {
  readonly name: string
  /** Id of the actor that reads all sources. */
  readonly readerId: string
  /** In declared order; a source's index is its number everywhere. */
  readonly sources: readonly PlannedSource[]
  /** The sides in declared order; a side's index is its number everywhere. */
  readonly sides: readonly Side[]
  readonly correlate: {
    readonly id: string
    readonly keyName: string
    /** How long rows wait for optional sides; absent where all sides are required. */
    readonly withinMs: number | undefined
    /** Absent where rows never expire. */
    readonly expiry: Expiry | undefined
    /** Absent where keys that have been merged are forgotten. */
    readonly memory: Memory | undefined
  }
  readonly sink: { readonly id: string; readonly topic: string }
  readonly deadLetterTopic: string
  readonly checkpointTopic: string
}

/** A topic that is read, and which sides its records may be of. */
export interface PlannedSource {
  readonly id: string
  readonly topic: string
  readonly route: {
    readonly id: string
    /** Undefined where all records are of the one side. */
    readonly by: Field | RouteFunction<string> | undefined
  }
  /** Indexes among the sides of the plan. */
  readonly sides: readonly number[]
}

/** When incomplete rows leave, and where they go; without a topic, to the dead letters. */
export interface Expiry {
  readonly afterMs: number
  readonly by: 'eventTime' | 'processingTime'
  readonly topic: string | undefined
}

/** How long, and how many, keys are remembered that have been merged. */
export interface Memory {
  readonly forMs: number
  readonly keysMax: number
  readonly by: 'eventTime' | 'processingTime'
}

export interface Side {
  readonly name: string
  readonly stage: Stage
  /** Whether a user's function or schema sees each record. */
  readonly isActive: boolean
  readonly part: PartSource
  readonly key: Key
  /** Whether a merge does without it. */
  readonly isOptional: boolean
}

const sidesMin = 2
/** A wait is counted in eighths. */
const withinMsMin = 8
const sidesMax = 16
const rememberedKeysDefault = 1_000_000
/** More would not leave much of the table's memory for parts. */
const rememberedKeysMax = 20_000_000
/** What Kafka allows in topic and group names, less what suffixes need. */
const nameForm = /^[A-Za-z0-9._-]{1,200}$/

/**
 * Checks a topology and fills in what follows from it.
 *
 * @throws TopologyError `TOPOLOGY_INVALID` with what is wrong and where.
 */
export function planTopology(topology: Topology): Plan {
  if (!isKind(topology, 'topology')) {
    throw invalid(`a topology is ${kindOf(topology)}, where that belongs which topology(…)…sink(…) returns`)
  }
  const { name, sources, correlate, sink } = topology
  if (!nameForm.test(name)) refuse(name, `the name "${name}" may only have letters, digits, ".", "_" and "-"`)
  const readerId = sources.length === 1 ? sources[0]!.id : 'sources'
  const ids = [...sources.flatMap(({ id, route }) => [id, route.id]), correlate.id, sink.id]
  if (sources.length > 1) ids.push(readerId)
  const twice = ids.find((id, index) => ids.indexOf(id) !== index)
  if (twice !== undefined) refuse(name, `two operators have the id "${twice}"`)
  if (ids.includes('')) refuse(name, 'an operator has an empty id')
  checkTopics(topology)
  const expiry = planExpiry(topology)
  const memory = planMemory(topology)
  const withinMs = planOptional(topology)
  const sides = planSides(topology)
  const keyName = planKeyName(topology, sides)
  if (sides.some((side) => side.name === keyName)) {
    refuse(name, `side "${keyName}" of "${correlate.id}" has the name of the key, which stands beside it in the output`)
  }
  return {
    name,
    readerId,
    sources: sources.map(({ id, topic, route }) => ({
      id,
      topic,
      route: { id: route.id, by: route.by },
      sides: [...sides.keys()].filter((side) => Object.hasOwn(route.stages, sides[side]!.name)),
    })),
    sides,
    correlate: { id: correlate.id, keyName, withinMs, expiry, memory },
    sink,
    ...ownTopics(name),
  }
}

/** Topics that an application has for itself. */
export function ownTopics(name: string): Pick<Plan, 'deadLetterTopic' | 'checkpointTopic'> {
  return { deadLetterTopic: `${name}.dead-letter`, checkpointTopic: `${name}.checkpoint` }
}

/** Id of the actor of a side's stage. */
export const stageId = (side: string) => `stage-${side}`

/** Ids of the operators that may have a user's function. */
export function functionIds({ sources, sides }: Pick<Plan, 'sources' | 'sides'>): string[] {
  return [...sources.map(({ route }) => route.id), ...sides.map(({ name }) => stageId(name))]
}

/** Topics in which Kafka keeps what it does itself: each commit of a program adds to them. */
const kafkaTopics: ReadonlySet<string> = new Set(['__consumer_offsets', '__transaction_state', '__share_group_state'])

/** Fails where a program would read what it writes, which has no end, or write two things into one topic. */
function checkTopics({ name, sources, sink, correlate }: Topology): void {
  const { deadLetterTopic, checkpointTopic } = ownTopics(name)
  const uses: readonly (readonly [use: string, topic: string | undefined])[] = [
    ...sources.map(({ topic }) => ['source', topic] as const),
    ['sink', sink.topic],
    ['expireTo', correlate.expireTo],
    [`dead-letter topic of "${name}"`, deadLetterTopic],
    [`checkpoint topic of "${name}"`, checkpointTopic],
  ]
  for (const [at, [use, topic]] of uses.entries()) {
    if (topic === undefined) continue
    if (kafkaTopics.has(topic)) refuse(name, `topic "${topic}", the ${use}, is one of Kafka's own`)
    const other = uses.slice(at + 1).find(([, another]) => another === topic)
    if (other === undefined) continue
    if (other[0] === 'source') refuse(name, `two sources read the topic "${topic}"`)
    const why = use === 'source' ? 'which is a cycle: it would read what it writes' : 'and each needs one of its own'
    refuse(name, `topic "${topic}" is ${use} and ${other[0]}, ${why}`)
  }
}

function planExpiry({ name, correlate }: Topology): Expiry | undefined {
  const { id, expireAfterMs, expireBy, expireTo } = correlate
  if (expireAfterMs === undefined) {
    if (expireTo !== undefined) refuse(name, `"${id}" has expireTo, but no expireAfterMs, so nothing ever goes there`)
    return undefined
  }
  if (!Number.isSafeInteger(expireAfterMs) || expireAfterMs < 1) {
    refuse(name, `expireAfterMs of "${id}" is ${expireAfterMs}; it is a whole number of milliseconds from 1 on`)
  }
  return { afterMs: expireAfterMs, by: expireBy, topic: expireTo }
}

function planMemory({ name, correlate }: Topology): Memory | undefined {
  const { id, rememberCompleted, expireBy } = correlate
  if (rememberCompleted === undefined) return undefined
  const { forMs, keysMax = rememberedKeysDefault } = rememberCompleted
  if (!Number.isSafeInteger(forMs) || forMs < 1) {
    refuse(name, `forMs of rememberCompleted of "${id}" is ${forMs}; it is a whole number of milliseconds from 1 on`)
  }
  if (!Number.isSafeInteger(keysMax) || keysMax < 1 || keysMax > rememberedKeysMax) {
    refuse(
      name,
      `keysMax of rememberCompleted of "${id}" is ${keysMax}; it is a whole number from 1 to ${rememberedKeysMax}`,
    )
  }
  return { forMs, keysMax, by: expireBy }
}

function planOptional({ name, correlate }: Topology): number | undefined {
  const { id, of, optional, expireAfterMs, rememberCompleted } = correlate
  if (optional === undefined) return undefined
  const { sides, withinMs } = optional
  const unknown = sides.find((side) => !of.includes(side))
  if (unknown !== undefined) refuse(name, `"${id}" has the optional side "${unknown}", which it does not name in "of"`)
  if (sides.length === 0 || of.every((side) => sides.includes(side))) {
    refuse(name, `some sides of "${id}" are optional, not ${sides.length === 0 ? 'none' : 'all'}`)
  }
  if (!Number.isSafeInteger(withinMs) || withinMs < withinMsMin) {
    refuse(
      name,
      `withinMs of the optional sides of "${id}" is ${withinMs}; it is a whole number from ${withinMsMin} on`,
    )
  }
  if (expireAfterMs === undefined && rememberCompleted === undefined) {
    refuse(
      name,
      `"${id}" has optional sides, so it needs rememberCompleted or expireAfterMs: parts of them may be late`,
    )
  }
  return withinMs
}

function planSides({ name, sources, correlate }: Topology): Side[] {
  const { of } = correlate
  if (of.length < sidesMin || of.length > sidesMax) {
    refuse(name, `"${correlate.id}" has ${of.length} sides; it takes ${sidesMin} to ${sidesMax}`)
  }
  const twice = of.find((side, index) => of.indexOf(side) !== index)
  if (twice !== undefined) refuse(name, `"${correlate.id}" names side "${twice}" twice`)
  for (const { route } of sources) {
    const dangling = Object.keys(route.stages).find((stage) => !of.includes(stage))
    if (dangling === undefined) continue
    refuse(name, `stage "${dangling}" of "${route.id}" leads nowhere: "${correlate.id}" does not name it in "of"`)
  }
  return of.map((side) => planSide({ name, sources, correlate }, side))
}

function planSide({ name, sources, correlate }: Pick<Topology, 'name' | 'sources' | 'correlate'>, side: string): Side {
  const routes = sources.map(({ route }) => route).filter(({ stages }) => Object.hasOwn(stages, side))
  const [route] = routes
  if (route === undefined) {
    const where = sources.length === 1 ? `"${sources[0]!.route.id}" has` : 'its sources have'
    refuse(name, `"${correlate.id}" names side "${side}", but ${where} no such stage`)
  }
  const stage = route.stages[side]!
  if (routes.some(({ stages }) => stages[side] !== stage)) {
    refuse(name, `side "${side}" comes from two sources with a stage each; give both the same one, or two sides`)
  }
  if (!stage.deterministic && typeof stage.part !== 'function') {
    refuse(
      name,
      `stage "${side}" of "${route.id}" is declared not deterministic, but has no function that makes its part`,
    )
  }
  return {
    name: side,
    stage,
    isActive: typeof stage.part === 'function' || stage.schema !== undefined,
    part: partOf(stage),
    key: keyOf({ name, correlate }, side),
    isOptional: correlate.optional?.sides.includes(side) ?? false,
  }
}

function keyOf({ name, correlate: { id, key } }: Pick<Topology, 'name' | 'correlate'>, side: string): Key {
  if (!isByName(key)) return key
  if (!Object.hasOwn(key, side)) refuse(name, `"${id}" has no key for side "${side}"`)
  return key[side] as Key
}

function planKeyName({ name, correlate }: Topology, [first]: readonly Side[]): string {
  const { id, keyName, key } = correlate
  const unknown = isByName(key) ? Object.keys(key).find((side) => !correlate.of.includes(side)) : undefined
  if (unknown !== undefined) refuse(name, `"${id}" has a key for side "${unknown}", which it does not name in "of"`)
  if (keyName !== undefined) return keyName
  if ('path' in first!.key) return first!.key.path.at(-1)!
  refuse(name, `"${id}" needs a keyName: the key of its first side is not a field, whose name the key would have`)
}

function partOf({ part }: Stage): PartSource {
  if (part === undefined) return { kind: 'record' }
  return typeof part === 'function' ? { kind: 'stage' } : { kind: 'field', path: part.path }
}

function refuse(topology: string, what: string): never {
  throw new TopologyError('TOPOLOGY_INVALID', `topology "${topology}": ${what}`, { topology })
}
