/** A store under measurement: each step goes over all keys. */
export interface StoreVariant extends AsyncDisposable {
  insert(): void | Promise<void>
  get(): void | Promise<void>
  update(): void | Promise<void>
  /** Reads the row of a key and writes it back with one more, as one transaction each. */
  transact?(): void | Promise<void>
  /** The same of variables that the program holds, so that no key is looked for. */
  transactHeld?(): void | Promise<void>
  scan?(): void | Promise<void>
  remove(): void | Promise<void>
  /** CPU that another process has spent for it, in milliseconds. */
  serverCpuMs?(): number
}

export function expect(actual: unknown, expected: unknown): void {
  if (actual !== expected) throw new Error(`${String(actual)} is not ${String(expected)}`)
}
