import { nextFloat, nextInt, seededRandom } from '../../src/core/random.ts'
import type { SourceRecord } from '../integration/target.ts'

/** What the stage of payments is given. */
export interface Payment {
  readonly of: string
}

/** The topics of the program, of which the others are called after the first. */
export function sourcesOf(first: string): readonly [orders: string, payments: string, shipments: string] {
  const base = first.replace(/\.source$/, '')
  return [first, `${base}.payments`, `${base}.shipments`]
}

export interface ThreeTopics {
  /** By topic: orders, payments, shipments. */
  readonly records: readonly (readonly SourceRecord[])[]
  /** Keys with a record of each side, and those that lack the optional one only. */
  readonly complete: readonly string[]
  readonly withoutInvoice: readonly string[]
  /** What parts of a key say of themselves. */
  readonly partsOf: ReadonlyMap<string, ReadonlySet<string>>
}

const sides = ['order', 'payment', 'shipment', 'invoice'] as const
type Side = (typeof sides)[number]
const required = ['order', 'payment', 'shipment'] as const

const recordEveryMs = 1_000
/** How many records lie between those of one key at most. */
const reach = 1_000

/**
 * Records of which one in twenty is missing, and one in fifty has no key; those of one key in ten come twice, with
 * other parts. The records of a key lie near each other in time, in three topics.
 */
export function threeTopics(keys: number, partitions: number, seed: number): ThreeTopics {
  const random = seededRandom(seed)
  const placed: { at: number; topic: number; record: SourceRecord }[] = []
  const complete: string[] = []
  const withoutInvoice: string[] = []
  const partsOf = new Map<string, Set<string>>()
  for (let id = 0; id < keys; id++) {
    const key = String(id)
    const parts = new Set<string>()
    const put = (side: Side, record: SourceRecord) => {
      placed.push({ at: id * sides.length + nextInt(random, reach), topic: topicOf(side), record })
    }
    const copies = nextInt(random, 10) === 0 ? 2 : 1
    const present = new Set<Side>()
    for (const side of sides) {
      if (nextInt(random, 20) === 0) continue
      present.add(side)
      for (let copy = 0; copy < copies; copy++) {
        const of = `${side}${id}.${copy}`
        parts.add(of)
        put(side, recordOf(side, key, of))
      }
    }
    if (nextInt(random, 50) === 0) put('order', { value: '{"order":{}}' })
    if (nextInt(random, 50) === 0) put('payment', { value: '{"of":"nobody"}' })
    if (present.size === sides.length) complete.push(key)
    else if (required.every((side) => present.has(side))) withoutInvoice.push(key)
    partsOf.set(key, parts)
  }
  placed.sort((a, b) => a.at - b.at)
  const records: SourceRecord[][] = [[], [], []]
  placed.forEach(({ topic, record }, at) => {
    records[topic]!.push({
      ...record,
      partition: Math.floor(nextFloat(random) * partitions),
      timestampMs: 1_790_000_000_000 + at * recordEveryMs,
    })
  })
  return { records, complete, withoutInvoice, partsOf }
}

function topicOf(side: Side): number {
  return side === 'order' ? 0 : side === 'payment' ? 1 : 2
}

function recordOf(side: Side, key: string, of: string): SourceRecord {
  if (side === 'order') return { value: JSON.stringify({ order: { id: key }, of }) }
  if (side === 'payment') return { value: JSON.stringify({ of }), headers: { order: key } }
  const part = { of }
  if (side === 'shipment') return { key, value: JSON.stringify({ kind: side, part }) }
  return { value: JSON.stringify({ kind: side, ref: Number(key), part }) }
}
