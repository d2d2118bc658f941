import { exitCodes } from './command.ts'

/**
 * The first SIGINT or SIGTERM aborts the signal, so that the command ends in good order; the second ends the process.
 */
export function interruptSignal(onFirst: (name: string) => void): AbortSignal {
  const controller = new AbortController()
  const onSignal = (name: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted)
    onFirst(name)
    controller.abort()
  }
  process.on('SIGINT', onSignal)
  process.on('SIGTERM', onSignal)
  return controller.signal
}
