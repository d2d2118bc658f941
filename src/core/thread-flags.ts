import type { WorkerOptions } from 'node:worker_threads'

/**
 * The options of a thread that decide about its flags. Threads inherit those of their process, as they should; but with
 * `--input-type`, which is about a program that stands on the command line, a thread refuses to load its file
 * (`findings/node-worker-input-type.sh`), so it has none then.
 */
export const threadFlags: Pick<WorkerOptions, 'execArgv'> = process.execArgv.some((flag) =>
  flag.startsWith('--input-type'),
)
  ? { execArgv: [] }
  : {}
