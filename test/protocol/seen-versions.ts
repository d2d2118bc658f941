import assert from 'node:assert/strict'
import { appendFileSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Clients and brokers of others that the tests exchange messages with. */
export type Peer = 'Apache Kafka' | "Java's clients" | 'librdkafka' | 'kafkajs' | '@platformatic/kafka'

/** Versions by peer and API. */
export type SeenVersionsTable = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>

const table = JSON.parse(readFileSync(join(import.meta.dirname, 'seen-versions.json'), 'utf8')) as SeenVersionsTable
/** Where to write what is seen, instead of comparing it. */
const recordFile = process.env['MILLRACE_SEEN_VERSIONS']
/** The table is of the default release; clients of another one may ask in other versions. */
const isOtherRelease = process.env['MILLRACE_KAFKA_VERSION'] !== undefined

/** Our own clients beside a peer, by how their ids begin. */
const ownClientIds = /^(millrace|reader)/

/**
 * Has a suite hold the versions of APIs that a peer exchanges with us against the table of docs/protocol.md, after its
 * tests.
 *
 * @param stack - Of the suite: what else is on it is closed whether or not the table has all versions.
 * @returns What is to be told of each request.
 */
export function versionsSeenBy(peer: Peer, stack: AsyncDisposableStack): (request: ServedRequest) => void {
  const seen = new Set<string>()
  stack.defer(() => hold(peer, [...seen].sort()))
  return ({ api, version, clientId = '' }) => {
    if (!ownClientIds.test(clientId)) seen.add(`${api} ${version}`)
  }
}

interface ServedRequest {
  readonly api: string
  readonly version: number
  readonly clientId?: string
}

function hold(peer: Peer, seen: readonly string[]): void {
  if (recordFile !== undefined) return appendFileSync(recordFile, seen.map((each) => `${peer}\t${each}\n`).join(''))
  if (isOtherRelease) return
  const known = Object.entries(table[peer] ?? {}).flatMap(([api, versions]) =>
    versions.map((version) => `${api} ${version}`),
  )
  assert.deepEqual(
    seen.filter((each) => !known.includes(each)),
    [],
    `${peer} has seen more than docs/protocol.md says: run tools/protocol/see-versions.ts`,
  )
}
