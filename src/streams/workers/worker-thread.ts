import { TopologyError } from '../../core/errors.ts'

/** Modules are evaluated once on each thread, so this is of the thread. */
let isWorker = false

/** This thread calls functions of a program, and loads the modules that export them. */
export function becomeWorker(): void {
  isWorker = true
}

/**
 * Fails on a worker: a module that exports functions and starts a program would start it on each of them.
 *
 * @throws TopologyError `TOPOLOGY_INVALID`
 */
export function refuseOnWorker(app: string): void {
  if (!isWorker) return
  const message = `"${app}" is started by a module that exports a function onWorkers, and so by each worker: have another module export it`
  throw new TopologyError('TOPOLOGY_INVALID', message, { app })
}
