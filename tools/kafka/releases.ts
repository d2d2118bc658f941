/**
 * Runs the experiment, with its verification, and the commands for operators on releases of Apache Kafka, and writes
 * down which version of each API was sent to which release, for docs/protocol.md:
 *
 *     node tools/kafka/releases.ts [--customers 20000] [release ...] && npm run docs
 *
 * The first run of a release fetches it from Maven. It is not part of the tests, because it takes a minute.
 */
import { execFile } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs, promisify } from 'node:util'
import * as protocol from '../../src/protocol/index.ts'
import { RequestLog, type SentRequest } from './request-log.ts'
import { startKafka } from './start.ts'

/** The oldest that is supported in practice, the last of each line since, and those of the tests. */
const releases = ['3.5.2', '3.9.1', '4.0.1', '4.3.1', '4.4.0']
const resultFile = join(import.meta.dirname, 'releases.json')
const cli = join(import.meta.dirname, '../../src/cli/main.ts')

/** Versions that were sent, by API. */
type SentVersions = Record<string, number[]>

const names = new Map(
  Object.values(protocol).flatMap((each) =>
    typeof each === 'object' && 'key' in each ? [[each.key, each.name] as const] : [],
  ),
)

const { values, positionals } = parseArgs({
  options: { customers: { type: 'string', default: '20000' } },
  allowPositionals: true,
})
const results = JSON.parse(readFileSync(resultFile, 'utf8')) as Record<string, SentVersions>
for (const release of positionals.length === 0 ? releases : positionals) {
  results[release] = await runOn(release, values.customers)
  console.log(`Apache Kafka ${release}: the experiment is right`)
}
writeFileSync(resultFile, `${JSON.stringify(results, undefined, 2)}\n`)

/** @throws Error when a command fails, or the experiment is not right. */
async function runOn(version: string, customers: string): Promise<SentVersions> {
  const sent = new Map<string, Set<number>>()
  await using log = await RequestLog.start((request) => note(sent, request))
  const properties = { 'advertised.listeners': `PLAINTEXT://127.0.0.1:${log.port}` }
  await using kafka = await startKafka({ version, properties })
  log.upstreamPort = Number(kafka.bootstrapServers.split(':')[1])

  const millrace = async (...words: string[]) => {
    const options = ['--bootstrap-servers', `127.0.0.1:${log.port}`, '--json']
    const { stdout } = await promisify(execFile)(process.execPath, [cli, ...words, ...options])
    return JSON.parse(stdout) as unknown
  }
  const { app } = (await millrace('demo', '--customers', customers, '--keep')) as { app: string }
  await millrace('audit', '--app', app)
  await millrace('explain', '1', '--app', app)
  await millrace('reset', '--app', app, '--yes')
  return Object.fromEntries(
    [...sent].sort(([a], [b]) => (a < b ? -1 : 1)).map(([api, versions]) => [api, [...versions].sort((a, b) => a - b)]),
  )
}

function note(sent: Map<string, Set<number>>, { apiKey, version, clientId }: SentRequest): void {
  // The broker reaches itself in the same way.
  if (!clientId.startsWith('millrace')) return
  const name = names.get(apiKey) ?? `API ${apiKey}`
  sent.set(name, (sent.get(name) ?? new Set()).add(version))
}
