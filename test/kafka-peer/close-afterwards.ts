import type { TestContext } from 'node:test'
import type { Connection } from '../../src/kafka/index.ts'

/** Closes a connection, if it comes to be, and its broker when a test is over. */
export function closeAfterwards(t: TestContext, connecting: Promise<Connection>, broker: AsyncDisposable): void {
  t.after(async () => {
    await connecting.then(
      (connection) => connection.close(),
      () => {},
    )
    await broker[Symbol.asyncDispose]()
  })
}
