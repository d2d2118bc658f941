import type { SourceRecord } from '../integration/target.ts'
import { customersMax, type FaultyRecord } from './redriven-source.ts'

/** Records of some customers each, which a flatMap takes apart. */
export interface Pack {
  readonly pack: number
  readonly lines: readonly FaultyRecord[]
}

export const linesPerPack = 3

/** Where the program fails on a pack, or on one of its lines, until it is mended, or whatever is done. */
const faults = ['pack', 'flatMap', 'line', 'line for ever', 'merged line'] as const
export type PackFault = (typeof faults)[number]

/** The reason of the letters that come of each, and how many of a pack. */
export const packLettersOf: Readonly<Record<PackFault, readonly [reason: string, count: number]>> = {
  pack: ['MAP_FAILED', 2],
  flatMap: ['MAP_FAILED', 2],
  line: ['STAGE_FAILED', 1],
  'line for ever': ['STAGE_FAILED', 1],
  'merged line': ['MERGE_FAILED', 2],
}

/** The topic of packs, which is called after the other source. */
export function packsOf(source: string): string {
  return `${source.replace(/\.source$/, '')}.packs`
}

/** One pack in eleven is without a fault. */
export function packFaultOf(pack: number): PackFault | undefined {
  return pack % 11 === 0 ? undefined : faults[pack % faults.length]
}

export function customerIn(pack: number, line: number): number {
  return customersMax + linesPerPack * pack + line
}

/** The fault of a pack, of the customer whose line has it. */
export function lineFaultOf(id: number): PackFault | undefined {
  const at = id - customersMax
  const pack = Math.floor(at / linesPerPack)
  return at >= 0 && at % linesPerPack === faultyLineOf(pack) ? packFaultOf(pack) : undefined
}

export function faultyLineOf(pack: number): number {
  return Math.floor(pack / faults.length) % linesPerPack
}

/** Two packs of each number, one for each side of its customers. */
export function faultyPacks(packs: number, partitions: number): SourceRecord[] {
  return Array.from({ length: packs }, (_, pack) =>
    (['A', 'B'] as const).map((side) => {
      const lines = Array.from({ length: linesPerPack }, (_, line): FaultyRecord => {
        const id = customerIn(pack, line)
        return { side, id, part: `${side}${id}${'x'.repeat(500)}` }
      })
      return { key: `p-${pack}`, value: JSON.stringify({ pack, lines } satisfies Pack), partition: pack % partitions }
    }),
  ).flat()
}
