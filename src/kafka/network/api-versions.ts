import { KafkaError } from '../../core/errors.ts'
import type { Api, apiVersions, ResponseOf } from '../../protocol/index.ts'
import { neededApis } from './apis.ts'

/** The first release of Apache Kafka that has all that every program needs. */
const oldestKafka = '3.2'

/** The first and the last version that a broker takes of an API, by key. */
export type ServedVersions = ReadonlyMap<number, readonly [first: number, last: number]>

/** An error would come with the range of ApiVersions alone, which is told by the comparison. */
export function servedVersions({ apiKeys }: ResponseOf<typeof apiVersions>): ServedVersions {
  return new Map(apiKeys.map(({ apiKey, minVersion, maxVersion }) => [apiKey, [minVersion, maxVersion]]))
}

/** The latest version that both sides know, if there is one. */
export function negotiatedVersion(served: ServedVersions, { key, versions }: Api): number | undefined {
  const [first, last] = served.get(key) ?? [0, -1]
  const version = Math.min(last, versions[1])
  return version >= first && version >= versions[0] ? version : undefined
}

/** What every program needs and a broker does not take. */
export function missingApis(served: ServedVersions): readonly Api[] {
  return Object.values(neededApis).filter((api) => negotiatedVersion(served, api) === undefined)
}

/** Names the APIs whose versions a broker lacks, and the ranges that it takes. */
export function versionError(
  { host, port }: { host: string; port: number },
  served: ServedVersions,
  missing: readonly Api[],
): KafkaError {
  const lacks = missing.map((api) => lackText(api, served.get(api.key)))
  return new KafkaError(
    'KAFKA_VERSION_UNSUPPORTED',
    `broker ${host}:${port} is too old, or another one than Apache Kafka ${oldestKafka} or later: it takes ${lacks.join('; ')}`,
    { host, port, missing: lacks.join('; '), oldestKafka },
  )
}

function lackText({ name, versions: [first, last] }: Api, served: readonly [number, number] | undefined): string {
  if (served === undefined) return `${name} not at all, ${first} is needed`
  return `${name} ${served[0]} to ${served[1]}, ${served[1] < first ? first : last} is needed`
}
