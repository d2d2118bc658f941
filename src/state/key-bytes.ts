import { StateError } from '../core/errors.ts'
import { rowKeyBytesMax } from '../kernel/index.ts'
import type { KeyCodec } from './codec.ts'

interface KeyedTable<Key> {
  readonly name: string
  readonly keys: KeyCodec<Key>
}

/** Writes a key to where a table takes it; returns its length in bytes. @throws STATE_VALUE_INVALID where it is too long */
export function writeKey<Key>(table: KeyedTable<Key>, key: Key, bytes: Buffer, at: number): number {
  if (table.keys.bytesMax(key) > rowKeyBytesMax) checkLength(table, key)
  return table.keys.write(key, bytes, at) - at
}

function checkLength<Key>({ name, keys }: KeyedTable<Key>, key: Key): void {
  const length = keys.write(key, Buffer.allocUnsafe(keys.bytesMax(key)), 0)
  if (length > rowKeyBytesMax) throw keyTooLong({ name }, length)
}

export function keyTooLong({ name }: { readonly name: string }, length: number): StateError {
  const message = `a key of table ${name} has ${length} bytes: at most ${rowKeyBytesMax} are possible`
  return new StateError('STATE_VALUE_INVALID', message, { table: name, bytes: length })
}
