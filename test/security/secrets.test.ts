import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { inspect } from 'node:util'
import { type Broker, startBroker } from '../../src/broker/index.ts'
import { type Logger, stage, topology, field } from '../../src/streams/index.ts'
import { type Running, startMillrace } from '../integration/millrace.ts'
import { makeCertificates } from './certificates.ts'
import { startProgram } from '../integration/run.ts'

const right = 'alice-5ecret'
const wrong = 'wr0ng-guess'
/** A secret as it is, and as it would look in a message that somebody prints. */
const spellings = (['utf8', 'base64', 'hex'] as const).map((encoding) => Buffer.from(wrong).toString(encoding))

describe('secrets', () => {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-secrets-'))
  const certificates = makeCertificates()
  let broker: Broker
  before(async () => {
    const mechanisms = ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512', 'OAUTHBEARER'] as const
    broker = await startBroker({ tls: certificates.broker, sasl: { users: { alice: right }, mechanisms } })
  })
  after(async () => {
    await broker.stop()
    rmSync(folder, { recursive: true })
  })

  it('come from files on the command line', async () => {
    const { code, stderr } = await generate('SCRAM-SHA-512', ['--sasl-password-file', file('password', `${right}\n`)])
      .ended

    assert.equal(code, 0, stderr)
  })

  it('come from the environment', async () => {
    const { code, stderr } = await generate('SCRAM-SHA-256', [], { MILLRACE_SASL_PASSWORD: right }).ended

    assert.equal(code, 0, stderr)
  })

  for (const mechanism of ['PLAIN', 'SCRAM-SHA-256']) {
    it(`are in nothing that a command prints when ${mechanism} fails, not even for who looks for faults`, async () => {
      const flags = ['--sasl-password-file', file('wrong', wrong)]

      const { code, stdout, stderr } = await generate(mechanism, flags, { NODE_DEBUG: 'net,tls,stream' }).ended

      assert.equal(code, 1)
      assert.match(stderr, /error KAFKA_AUTHENTICATION_FAILED/)
      assertSilent(stdout + stderr)
    })
  }

  it('are not told by a command that is called wrongly', async () => {
    const { code, stdout, stderr } = await generate('PLAIN', ['--sasl-password', wrong]).ended

    assert.equal(code, 2)
    assert.match(stderr, /error CONFIG_UNKNOWN_OPTION/)
    assertSilent(stdout + stderr)
  })

  const refused = [
    ['a password for PLAIN', { mechanism: 'PLAIN', username: 'alice', password: wrong }],
    ['a password for SCRAM', { mechanism: 'SCRAM-SHA-512', username: 'alice', password: wrong }],
    ['a token', { mechanism: 'OAUTHBEARER', token: wrong }],
    ['a token from a function', { mechanism: 'OAUTHBEARER', token: () => Promise.resolve(wrong) }],
  ] as const
  for (const [secret, sasl] of refused) {
    it(`are neither logged nor in the error when a program is refused with ${secret}`, async () => {
      const logged: unknown[] = []
      const log = (...line: unknown[]) => void logged.push(line)
      const logger: Logger = { debug: log, info: log, warn: log, error: log }
      const { bootstrapServers } = broker
      const program = topology('secrets')
        .source('source')
        .route('by-stage', field('stage'), { A: stage(), B: stage() })
        .correlate('by-id', field('id'), { of: ['A', 'B'] })
        .sink('sink')

      const starting = startProgram(program, { bootstrapServers, logger, tls: { ca: certificates.ca }, sasl })
      const error: unknown = await starting.catch((reason: unknown) => reason)

      assert.ok(error instanceof Error && 'code' in error && error.code === 'KAFKA_AUTHENTICATION_FAILED')
      assertSilent(inspect([error, logged], { depth: Infinity, showHidden: true }))
    })
  }

  function file(name: string, text: string): string {
    writeFileSync(join(folder, name), text)
    return join(folder, name)
  }

  function generate(mechanism: string, flags: string[], env: Record<string, string> = {}): Running {
    const topic = `secrets-${randomUUID()}`
    const words = `generate --customers 10 --topic ${topic} --sasl-username alice --sasl-mechanism ${mechanism}`
    const connection = [
      '--bootstrap-servers',
      broker.bootstrapServers,
      '--tls-ca-file',
      file('ca.pem', certificates.ca),
    ]
    return startMillrace([...words.split(' '), ...connection, ...flags], env)
  }
})

function assertSilent(printed: string): void {
  for (const spelling of spellings) assert.ok(!printed.includes(spelling), `"${spelling}" is in ${printed}`)
}
