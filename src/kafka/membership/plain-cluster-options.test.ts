import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { Secret } from '../../core/secret.ts'
import type { SaslOptions } from '../sasl/options.ts'
import { clusterOptionsOf, plainClusterOptions } from './plain-cluster-options.ts'

const bootstrapServers = 'broker:9092'
const askMain = () => 'from the main thread'

describe('plainClusterOptions', () => {
  it('brings everything to the other thread that connections need', () => {
    const tls = { ca: ['a', 'b'], cert: 'c', key: new Secret('k'), keyPassphrase: 'p', servername: 's' }
    const sasl = { mechanism: 'PLAIN', username: 'u', password: new Secret('w'), allowPlaintext: true } as const
    const options = { bootstrapServers, clientId: 'app', retryMs: 5_000 }

    assert.deepEqual(arrived({ ...options, tls, sasl }), {
      ...options,
      tls: { ...tls, key: 'k' },
      sasl: { ...sasl, password: 'w' },
    })
  })

  it('brings a fixed token, and has a function asked where it is', () => {
    const token = (sasl: SaslOptions) => arrived({ bootstrapServers, sasl }).sasl

    assert.deepEqual(token({ mechanism: 'OAUTHBEARER', token: new Secret('t'), allowPlaintext: true }), {
      mechanism: 'OAUTHBEARER',
      allowPlaintext: true,
      token: 't',
    })
    assert.deepEqual(token({ mechanism: 'OAUTHBEARER', token: () => 'unreachable' }), {
      mechanism: 'OAUTHBEARER',
      allowPlaintext: false,
      token: askMain,
    })
  })

  it('has a secret that is in a file read there each time', () => {
    const file = join(mkdtempSync(join(tmpdir(), 'millrace-secret-')), 'token')
    writeFileSync(file, 'first')
    const { sasl } = arrived({ bootstrapServers, sasl: { mechanism: 'OAUTHBEARER', token: Secret.inFile(file) } })
    assert.ok(sasl !== undefined && sasl !== false && sasl.mechanism === 'OAUTHBEARER' && sasl.token instanceof Secret)

    writeFileSync(file, 'second')

    assert.equal(sasl.token.reveal(), 'second')
    rmSync(dirname(file), { recursive: true })
  })

  it('leaves plain what is plain', () => {
    assert.deepEqual(arrived({ bootstrapServers }), { bootstrapServers, tls: false, sasl: false })
    assert.deepEqual(arrived({ bootstrapServers, tls: true }).tls, true)
  })
})

function arrived(options: Parameters<typeof plainClusterOptions>[0]) {
  return clusterOptionsOf(structuredClone(plainClusterOptions(options)), askMain)
}
