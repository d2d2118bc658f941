import type { Writable } from 'node:stream'

/**
 * Ends the process once everything that it wrote has been read. It does not end by itself where a module of the user's
 * holds something open: a timer, a server, a pool of connections.
 */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([flushed(process.stdout), flushed(process.stderr)])
  process.exit(exitCode)
}

/** Resolves too where the reader has gone. */
function flushed(stream: Writable): Promise<void> {
  return new Promise((resolve) => {
    stream.once('error', () => resolve())
    stream.write('', () => resolve())
  })
}
