import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { apis } from '../src/kafka/index.ts'
import * as protocol from '../src/protocol/index.ts'
import { page, table } from './markdown.ts'

/** Versions by whoever sends or sees them, and API. */
type Versions = Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>

const introduction = `Kafka's protocol stands once in \`src/protocol\`, for the client and for the embedded broker: one schema for each
API, for all versions that are implemented. A connection asks the broker which versions it serves, and sends each
request in the latest one that both sides know.

An error that client and broker share is found by others. Kafka's own message classes (kafka-clients, from Maven)
read and write generated values of every API, in every version, request and response (\`test/protocol\`). The tables say
who else has exchanged messages with this code, in which versions.`

const seenText = `Apache Kafka 4.3.1 understood a request of the contract suite (\`test/contract\`) in these versions, and its
answer was understood. The embedded broker answered the other clients in theirs (\`test/clients\`). The tests fail over a
version that is missing here; \`node tools/protocol/see-versions.ts\` writes the table again.`

const releasesText = `The experiment ran on these releases of Apache Kafka, and its result was verified; after it ran \`audit\`,
\`explain\` and \`reset\`. A proxy noted the versions that Millrace sent. \`node tools/kafka/releases.ts\` does so again.`

/** Which APIs there are, in which versions, and who has seen them. */
export function protocolPage(): string {
  const seen = read('test/protocol/seen-versions.json')
  const releases = read('tools/kafka/releases.json')
  const everyApi = Object.values(protocol)
    .flatMap((each) => (typeof each === 'object' && 'response' in each ? [each as protocol.Api] : []))
    .sort((a, b) => a.key - b.key)
  const peers = Object.keys(seen)
  const names = Object.keys(releases).sort()
  const sentTo = everyApi.filter(({ name }) => names.some((release) => releases[release]![name] !== undefined))
  return page('Protocol', introduction, [
    section(
      'Implemented',
      'The embedded broker serves all of them. The client sends those of the last column, as far as the broker serves them.',
      table(
        ['API', 'key', 'versions', 'flexible since', 'sent by the client'],
        everyApi.map(({ name, key, versions: [first, last], flexibleSince }) => [
          name,
          String(key),
          rangeOf(first, last),
          flexibleSince === Infinity ? 'never' : String(flexibleSince),
          rangesOf(versionsSent(name)),
        ]),
      ),
    ),
    section(
      'Seen by others',
      seenText,
      table(
        ['API', ...peers],
        everyApi.map(({ name }) => [name, ...peers.map((peer) => rangesOf(seen[peer]![name]))]),
      ),
    ),
    section(
      'Releases of Apache Kafka',
      releasesText,
      table(
        ['API', ...names],
        sentTo.map(({ name }) => [name, ...names.map((release) => rangesOf(releases[release]![name]))]),
      ),
    ),
  ])
}

function section(title: string, text: string, content: string): string {
  return `## ${title}\n\n${text}\n\n${content}\n`
}

/** What the client is content with, in one or in several of the lines of its table. */
function versionsSent(name: string): number[] {
  const versions = Object.values(apis)
    .filter((api) => api.name === name)
    .flatMap(({ versions: [first, last] }) => Array.from({ length: last - first + 1 }, (_, place) => first + place))
  return [...new Set(versions)].sort((a, b) => a - b)
}

/** Versions in a row are written as a range. */
function rangesOf(versions: readonly number[] = []): string {
  const ranges: [first: number, last: number][] = []
  for (const version of versions) {
    const range = ranges.at(-1)
    if (range !== undefined && range[1] === version - 1) range[1] = version
    else ranges.push([version, version])
  }
  return ranges.length === 0 ? '-' : ranges.map(([first, last]) => rangeOf(first, last)).join(', ')
}

function rangeOf(first: number, last: number): string {
  return first === last ? String(first) : `${first} to ${last}`
}

function read(file: string): Versions {
  return JSON.parse(readFileSync(join(import.meta.dirname, '..', file), 'utf8')) as Versions
}
