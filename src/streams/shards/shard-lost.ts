import { MillraceError } from '../../core/errors.ts'

/** @param shard - From 0 on. */
export function shardLost(shard: number, cause?: unknown): MillraceError {
  const text = `the thread of shard ${shard + 1} has ended, and with it the rows that it had: they are read again`
  return new MillraceError('SHARD_LOST', text, { shard: shard + 1 }, cause)
}

/** Whether an error says that, or comes of it. */
export function isShardLost(error: unknown): boolean {
  return MillraceError.is(error) && (error.code === 'SHARD_LOST' || isShardLost(error.cause))
}
