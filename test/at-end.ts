/**
 * Closes what tests leave open. A program, process or broker that runs on would keep the process of its test file from
 * ending, and so all of the test run: also when a test has failed before it came to close it, and when something else
 * fails to close.
 */
import { after } from 'node:test'

const open = new Set<() => unknown>()

after(closeLeftOpen)

/**
 * Has something closed at the end of the suite or file, unless the function that this returns is called before: then it
 * is over.
 */
export function closeAtEnd(close: () => unknown): () => void {
  const entry = () => close()
  open.add(entry)
  return () => open.delete(entry)
}

/**
 * Called in a suite: all that is put on the stack is closed when the suite is over, after whatever its tests have left
 * open.
 */
export function suiteStack(): AsyncDisposableStack {
  const stack = new AsyncDisposableStack()
  after(async () => {
    await using _suite = stack
    await closeLeftOpen()
  })
  return stack
}

/** Closes all, what was opened last first, whatever fails. */
async function closeLeftOpen(): Promise<void> {
  await using closing = new AsyncDisposableStack()
  for (const close of open) closing.defer(async () => void (await close()))
  open.clear()
}
