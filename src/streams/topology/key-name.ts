import type { Correlation } from './correlation.ts'
import { isByName } from './topology-checks.ts'

/** The name that the key has in merged records; undefined where it has none. */
export function keyNameOf({
  key,
  keyName,
  of: [first],
}: Pick<Correlation, 'key' | 'keyName' | 'of'>): string | undefined {
  if (keyName !== undefined) return keyName
  const own = isByName(key) ? key[first!] : key
  const last = own !== undefined && 'path' in own ? own.path.at(-1) : undefined
  return typeof last === 'string' ? last : undefined
}
