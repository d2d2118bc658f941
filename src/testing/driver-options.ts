import { ConfigError } from '../core/errors.ts'
import { type OptionTable, resolveOptions } from '../core/options.ts'

/** What a test chooses of the surroundings of a topology. */
export interface DriveOptions {
  /** Partitions of each source. @defaultValue 1 */
  readonly partitions?: number
  /** The wall clock at the beginning, in milliseconds since the epoch. @defaultValue a time in 2026 */
  readonly startMs?: number
}

/** Where records are given to, when, and what else they have. */
export interface GiveOptions {
  /** The topic of a source. @defaultValue the first source's */
  readonly topic?: string
  /** @defaultValue 0 */
  readonly partition?: number
  /** The timestamp of the records, in milliseconds since the epoch. @defaultValue the time of the driver's clock */
  readonly timestampMs?: number
  /** The key of each record. @defaultValue none */
  readonly key?: string | Uint8Array
  /** The headers of each record. @defaultValue none */
  readonly headers?: Readonly<Record<string, string | Uint8Array>>
}

/** What there is to choose from. */
export interface GivenTo {
  /** Of the sources; the first one is the default. */
  readonly topics: readonly string[]
  readonly partitions: number
  readonly nowMs: number
}

const driveOptions = {
  partitions: { type: 'int', default: 1, min: 1, doc: 'Partitions of each source.' },
  startMs: { type: 'int', optional: true, doc: 'The wall clock at the beginning.' },
} as const satisfies OptionTable

/** @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_UNKNOWN_OPTION` */
export function resolveDrive(given: DriveOptions) {
  return resolveOptions(driveOptions, { given })
}

/**
 * What records are given with. In a test that does not compile its types, a record for a partition that there is not
 * would be lost without a word.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`, `CONFIG_UNKNOWN_OPTION`
 */
export function resolveGive(values: readonly unknown[], { key, headers, ...given }: GiveOptions, to: GivenTo) {
  if (!Array.isArray(values) || values.includes(undefined)) {
    throw new ConfigError('CONFIG_INVALID_VALUE', 'give takes a list of values, none undefined; null is a tombstone')
  }
  const table = {
    topic: { type: 'string', choices: to.topics, default: to.topics[0]!, doc: 'The topic of a source.' },
    partition: { type: 'int', default: 0, min: 0, max: to.partitions - 1, doc: 'The partition of the topic.' },
    timestampMs: { type: 'int', default: to.nowMs, doc: 'The timestamp of the records.' },
  } as const satisfies OptionTable
  return {
    ...resolveOptions(table, { given }),
    ...(key !== undefined && { key }),
    ...(headers !== undefined && { headers }),
  }
}
