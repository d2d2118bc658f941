import type { SourceRecord } from '../integration/target.ts'

export interface FaultyRecord {
  readonly side: 'A' | 'B'
  readonly id: number
  readonly part: string
}

/** Where the program fails on a customer, until it is mended, or whatever is done. */
const faults = [
  'decoder',
  'filter',
  'map',
  'route',
  'part',
  'stage',
  'merge',
  'stage for ever',
  'merge for ever',
] as const
export type Fault = (typeof faults)[number]

/** The reason of the letters that come of each, and how many of a customer. */
export const lettersOf: Readonly<Record<Fault, readonly [reason: string, count: number]>> = {
  decoder: ['UNDECODABLE', 2],
  filter: ['FILTER_FAILED', 2],
  map: ['MAP_FAILED', 2],
  route: ['UNKNOWN_STAGE', 2],
  part: ['PART_NOT_JSON', 1],
  stage: ['STAGE_FAILED', 1],
  merge: ['MERGE_FAILED', 2],
  'stage for ever': ['STAGE_FAILED', 1],
  'merge for ever': ['MERGE_FAILED', 2],
}

/** One customer in twenty is without a fault, and so are those of packs, which have their own. */
export function faultOf(id: number): Fault | undefined {
  return id % 20 === 0 || id >= customersMax ? undefined : faults[id % faults.length]
}

/** Whose record, or which pack, is at a place of its source. */
export function numberAt(partition: number, offset: number, partitions: number): number {
  return partitions * Math.floor(offset / 2) + partition
}

/** Customers of packs have numbers from there on. */
export const customersMax = 1_000_000

/** Both records of each customer; parts are large, so that redriven letters take many epochs. */
export function faultyRecords(customers: number, partitions: number): SourceRecord[] {
  const part = 'x'.repeat(2_000)
  return Array.from({ length: customers }, (_, id) =>
    (['A', 'B'] as const).map((side) => ({
      key: `c-${id}`,
      value: JSON.stringify({ side, id, part: `${side}${id}${part}` }),
      partition: id % partitions,
    })),
  ).flat()
}
