import { ConfigError } from '../../core/errors.ts'
import { receiveBytes, type Topic } from '../../kafka/index.ts'
import type { RunOptions } from '../options.ts'

/** Responses of one leader that are in flight or in use: one is read into while another is worked on. */
export const fetchBuffersPerLeader = 2

/** Below this the sink would be sent less than it can have in flight. */
const outputBytesMin = 8 << 20

/**
 * Splits the memory budget: what fetches may take is taken at once and for good, the rest is for outputs.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE` when the rest is too small to work with.
 */
export function outputBytesMax({ memoryBudgetBytes, fetchBytes }: RunOptions, sources: readonly Topic[]): number {
  const leaders = new Set(sources.flatMap(({ partitions }) => partitions.map(({ leader }) => leader))).size
  const fetchMemory = leaders * fetchBuffersPerLeader * receiveBytes(fetchBytes)
  const rest = memoryBudgetBytes - fetchMemory
  if (rest >= outputBytesMin) return rest
  const least = fetchMemory + outputBytesMin
  throw new ConfigError(
    'CONFIG_INVALID_VALUE',
    `memoryBudgetBytes: ${memoryBudgetBytes} is too little to fetch ${fetchBytes} bytes from ${leaders} brokers; give at least ${least}, or lower fetchBytes`,
    { memoryBudgetBytes, least },
  )
}
