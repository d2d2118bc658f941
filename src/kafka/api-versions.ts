import { KafkaError } from '../core/errors.ts'
import { WireReader } from './wire.ts'

interface UsedVersion {
  readonly api: string
  readonly key: number
  readonly version: number
  /** Absent where every program needs it. */
  readonly only?: 'for SASL' | 'for transactions of version 2' | 'for transactions of version 1' | 'by commands'
}

/** Every version of an API that Millrace sends; nothing else leaves a connection. */
export const usedVersions = [
  { api: 'Produce', key: 0, version: 9 },
  { api: 'Produce', key: 0, version: 12, only: 'for transactions of version 2' },
  { api: 'Fetch', key: 1, version: 13 },
  { api: 'ListOffsets', key: 2, version: 7 },
  { api: 'Metadata', key: 3, version: 12 },
  { api: 'OffsetCommit', key: 8, version: 8, only: 'by commands' },
  { api: 'OffsetFetch', key: 9, version: 8 },
  { api: 'FindCoordinator', key: 10, version: 4 },
  { api: 'JoinGroup', key: 11, version: 9 },
  { api: 'Heartbeat', key: 12, version: 4 },
  { api: 'LeaveGroup', key: 13, version: 5 },
  { api: 'SyncGroup', key: 14, version: 5 },
  { api: 'DescribeGroups', key: 15, version: 5 },
  { api: 'SaslHandshake', key: 17, version: 1, only: 'for SASL' },
  { api: 'ApiVersions', key: 18, version: 0 },
  { api: 'ApiVersions', key: 18, version: 3 },
  { api: 'CreateTopics', key: 19, version: 7 },
  { api: 'DeleteTopics', key: 20, version: 6, only: 'by commands' },
  { api: 'InitProducerId', key: 22, version: 4 },
  { api: 'AddPartitionsToTxn', key: 24, version: 3, only: 'for transactions of version 1' },
  { api: 'AddOffsetsToTxn', key: 25, version: 3, only: 'for transactions of version 1' },
  { api: 'EndTxn', key: 26, version: 3 },
  { api: 'EndTxn', key: 26, version: 5, only: 'for transactions of version 2' },
  { api: 'TxnOffsetCommit', key: 28, version: 3, only: 'for transactions of version 1' },
  { api: 'TxnOffsetCommit', key: 28, version: 5, only: 'for transactions of version 2' },
  { api: 'DescribeConfigs', key: 32, version: 4 },
  { api: 'SaslAuthenticate', key: 36, version: 2, only: 'for SASL' },
  { api: 'DeleteGroups', key: 42, version: 2, only: 'by commands' },
] as const satisfies readonly UsedVersion[]

/** The first release of Apache Kafka that has all of them but those of transactions of version 2. */
const oldestKafka = '3.2'

/** Asked in the version that every broker answers, and whose answer tells the others. */
export const askVersionsApi = { key: 18, version: 0 } as const

type ApiVersion = Pick<UsedVersion, 'key' | 'version'>

/** The first and the last version that a broker takes of an API, by key. */
export type ServedVersions = ReadonlyMap<number, readonly [first: number, last: number]>

/**
 * Reads the answer to ApiVersions.
 *
 * @throws RangeError when it ends too early.
 */
export function decodeServedVersions(buffer: Buffer, start: number, end: number): ServedVersions {
  const reader = new WireReader(buffer, start, end)
  // An error would come with the range of ApiVersions alone, which is told by the comparison.
  reader.skip(2)
  const served = new Map<number, readonly [number, number]>()
  for (let left = reader.int32(); left > 0; left--) served.set(reader.int16(), [reader.int16(), reader.int16()])
  return served
}

/** The versions that every program needs and a broker does not take. */
export function missingVersions(served: ServedVersions): readonly ApiVersion[] {
  return usedVersions.filter((used) => !('only' in used) && !isServed(served, used))
}

export function isServed(served: ServedVersions, { key, version }: ApiVersion): boolean {
  const [first, last] = served.get(key) ?? [0, -1]
  return version >= first && version <= last
}

/** Names the versions that a broker lacks, and the ranges that it takes. */
export function versionError(
  { host, port }: { host: string; port: number },
  served: ServedVersions,
  missing: readonly ApiVersion[],
): KafkaError {
  const lacks = missing.map(({ key, version }) => `${nameOf(key)} ${rangeOf(served.get(key))}, ${version} is needed`)
  return new KafkaError(
    'KAFKA_VERSION_UNSUPPORTED',
    `broker ${host}:${port} is too old, or another one than Apache Kafka ${oldestKafka} or later: it takes ${lacks.join('; ')}`,
    { host, port, missing: lacks.join('; '), oldestKafka },
  )
}

function nameOf(key: number): string {
  return usedVersions.find((used) => used.key === key)?.api ?? `API ${key}`
}

function rangeOf(range: readonly [number, number] | undefined): string {
  return range === undefined ? 'not at all' : `${range[0]} to ${range[1]}`
}
