/**
 * Writes down which versions of which API other makers' clients send to the embedded broker, and in which Apache Kafka
 * answers the contract suite, by running those tests, for docs/protocol.md:
 *
 *     node tools/protocol/see-versions.ts [test file ...] && npm run docs
 *
 * With files, what other tests have seen stays as it is.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { SeenVersionsTable } from '../../test/protocol/seen-versions.ts'

const project = join(import.meta.dirname, '../..')
const resultFile = join(project, 'test/protocol/seen-versions.json')
const given = process.argv.slice(2)
const files = given.length > 0 ? given : globSync('test/{clients,contract}/*.test.ts', { cwd: project })

const seen = new Map<string, Map<string, Set<number>>>()
if (given.length > 0) readTable()
for (const line of linesOfTests()) {
  const [peer, exchanged] = line.split('\t') as [string, string]
  const [api, version] = exchanged.split(' ') as [string, string]
  add(peer, api, Number(version))
}
writeFileSync(resultFile, `${JSON.stringify(sorted(), undefined, 2)}\n`)

function linesOfTests(): string[] {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-seen-'))
  const file = join(folder, 'versions')
  writeFileSync(file, '')
  try {
    const env = { ...process.env, MILLRACE_SEEN_VERSIONS: file }
    const options = ['--test', '--test-concurrency=1', '--test-timeout=600000', ...files]
    const { status } = spawnSync(process.execPath, options, { cwd: project, env, stdio: 'inherit' })
    if (status !== 0) {
      console.error('a test has failed, and what it exchanges may be missing: give its file alone')
      process.exitCode = 1
    }
    return readFileSync(file, 'utf8').split('\n').filter(Boolean)
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function readTable(): void {
  const table = JSON.parse(readFileSync(resultFile, 'utf8')) as SeenVersionsTable
  for (const [peer, apis] of Object.entries(table)) {
    for (const [api, versions] of Object.entries(apis)) for (const version of versions) add(peer, api, version)
  }
}

function add(peer: string, api: string, version: number): void {
  const ofPeer = seen.get(peer) ?? new Map<string, Set<number>>()
  seen.set(peer, ofPeer)
  ofPeer.set(api, (ofPeer.get(api) ?? new Set()).add(version))
}

function sorted(): SeenVersionsTable {
  const byName = <Value>([a]: [string, Value], [b]: [string, Value]) => (a < b ? -1 : 1)
  return Object.fromEntries(
    [...seen]
      .sort(byName)
      .map(([peer, apis]) => [
        peer,
        Object.fromEntries([...apis].sort(byName).map(([api, versions]) => [api, [...versions].sort((a, b) => a - b)])),
      ]),
  )
}
