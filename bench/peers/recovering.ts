/**
 * The experiment's program; says how long it took to have all pending parts in its table, from the first fetch and from
 * the start of the process, and then that it has come to the end of its source.
 */
import { start } from '../../src/streams/index.ts'
import program from '../experiment-topology.ts'

/** What is said of a recovery, in milliseconds. */
export interface Recovery {
  readonly pending: number
  readonly ms: number
  readonly fromStartMs: number
}

const ignore = () => {}
const info = (facts: object, sentence: string) => {
  if (sentence === 'has restored the pending parts') process.send!({ ...facts, fromStartMs: performance.now() })
}
const app = await start(program, {
  bootstrapServers: process.argv[2]!,
  // It is killed before it has anything to commit, which otherwise would look like a record that kills.
  processAttempts: 1_000_000,
  logger: { debug: ignore, info, warn: console.error, error: console.error },
})
await app.caughtUp
process.send!('caught up')
