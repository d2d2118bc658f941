import assert from 'node:assert/strict'
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import type { ConnectionOptions as TlsOptions } from 'node:tls'
import { closeAfterwards, ScriptedBroker, textApi } from '../../../test/kafka-peer/index.ts'
import { Connection } from './connection.ts'

const hasOpenssl = spawnSync('openssl', ['version']).status === 0

describe('Connection over TLS', { skip: !hasOpenssl && 'openssl makes the certificate' }, () => {
  let identity: { key: Buffer; cert: Buffer }

  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-tls-'))
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
    const request = [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '1',
    ]
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost']
    execFileSync('openssl', [...request, ...subject, '-keyout', key, '-out', cert], { stdio: 'ignore' })
    identity = { key: readFileSync(key), cert: readFileSync(cert) }
    rmSync(folder, { recursive: true })
  })

  it('exchanges large messages', async (t) => {
    const { broker, connecting } = await start(t, { ca: identity.cert })
    const connection = await connecting
    const payload = 'millrace'.repeat(655_360)

    const answer = connection.ask(textApi, payload)
    const request = await broker.next()
    void request.send(request.frame(request.body))

    assert.ok((await answer) === payload)
  })

  it('asks for the broker by its name', async (t) => {
    const names: string[] = []
    const onName = (name: string, done: (error: null) => void) => {
      names.push(name)
      done(null)
    }

    const { connecting } = await start(t, { ca: identity.cert }, { SNICallback: onName })
    await connecting

    assert.deepEqual(names, ['localhost'])
  })

  it('refuses a certificate that it has no reason to trust', async (t) => {
    const { connecting } = await start(t, {})

    await assert.rejects(connecting, { code: 'KAFKA_TLS_FAILED' })
  })

  it('ends when a broken response is followed by more bytes', async (t) => {
    const { broker, connecting } = await start(t, { ca: identity.cert })
    const connection = await connecting
    const answer = connection.ask(textApi, 'question')
    const request = await broker.next()

    void request.send(Buffer.alloc(10_000, 0xff))

    await assert.rejects(answer, /announced a response of -1 bytes/)
  })

  async function start(t: TestContext, tls: TlsOptions, serverOptions: object = {}) {
    const broker = await ScriptedBroker.start(1, { tls: { ...identity, ...serverOptions } })
    const connecting = Connection.connect({ host: 'localhost', port: broker.port, clientId: 'test', tls })
    closeAfterwards(t, connecting, broker)
    return { broker, connecting }
  }
})
