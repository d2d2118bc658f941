import assert from 'node:assert/strict'
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto'
import { describe, it } from 'node:test'
import { seededRandom } from '../../core/random.ts'
import { VirtualClock } from '../../testing/index.ts'
import { Authentication } from './authentication.ts'
import { type BrokerSasl, saslSettings } from './settings.ts'

const api = { fetch: 1, saslHandshake: 17, apiVersions: 18, saslAuthenticate: 36 }
const none = 0
const unsupportedSaslMechanism = 33
const illegalSaslState = 34
const saslAuthenticationFailed = 58

describe('a listener without SASL', () => {
  it('serves everybody, and says that nobody need authenticate', () => {
    const authentication = new Authentication({ sasl: undefined, clock: new VirtualClock(), random: seededRandom(1) })

    assert.equal(authentication.permits(api.fetch), true)
    assert.equal(authentication.handshake('PLAIN', false).errorCode, illegalSaslState)
    assert.equal(authentication.authenticate(Buffer.alloc(0)).errorCode, illegalSaslState)
    assert.equal(authentication.hasFailed, false)
  })
})

describe('a client', () => {
  it('is told the versions of the APIs, and nothing else, before it has proved who it is', () => {
    const { authentication } = connect()

    assert.deepEqual(permitted(authentication), ['saslHandshake', 'apiVersions', 'saslAuthenticate'])
    authentication.handshake('PLAIN', false)
    assert.deepEqual(permitted(authentication), ['saslHandshake', 'saslAuthenticate'])
    authentication.authenticate(plain('alice', 'pa55word'))
    assert.ok(permitted(authentication).includes('fetch'))
  })

  const wrong: Record<string, Buffer> = {
    'a wrong password': plain('alice', 'password'),
    'an unknown name': plain('bob', 'pa55word'),
    'the name of what every object has': plain('constructor', 'pa55word'),
    'no password': plain('alice', ''),
    'another name to act by': Buffer.from('bob\0alice\0pa55word'),
    'one part too many': Buffer.from('\0alice\0pa55word\0'),
    nothing: Buffer.alloc(0),
  }
  for (const [what, message] of Object.entries(wrong)) {
    it(`with ${what} is refused, and not served any more`, () => {
      const { authentication } = connect()
      authentication.handshake('PLAIN', false)

      const { errorCode, errorMessage } = authentication.authenticate(message)

      assert.equal(errorCode, saslAuthenticationFailed)
      assert.doesNotMatch(errorMessage!, /pa55word/)
      assert.equal(authentication.hasFailed, true)
      assert.deepEqual(permitted(authentication), [])
    })
  }

  it('may act by its own name', () => {
    const { authentication } = connect()
    authentication.handshake('PLAIN', false)

    assert.equal(authentication.authenticate(Buffer.from('alice\0alice\0pa55word')).errorCode, none)
  })

  it('that asks for a mechanism that is off is told which are on', () => {
    const { authentication } = connect()

    const { errorCode, mechanisms } = authentication.handshake('OAUTHBEARER', false)

    assert.equal(errorCode, unsupportedSaslMechanism)
    assert.deepEqual(mechanisms, ['PLAIN', 'SCRAM-SHA-256', 'SCRAM-SHA-512'])
    assert.equal(authentication.hasFailed, true)
  })

  const scramMessages = {
    nonsense: 'nonsense',
    'channel binding, which is not there': 'p=tls-unique,,n=alice,r=abc',
    'a name that nobody bears': 'n,,n=bob,r=abc',
    'another name to act by': 'n,a=bob,n=alice,r=abc',
    'no nonce': 'n,,n=alice,r=',
  }
  for (const [what, message] of Object.entries(scramMessages)) {
    it(`that begins SCRAM with ${what} is refused`, () => {
      const { authentication } = connect()
      authentication.handshake('SCRAM-SHA-256', false)

      assert.equal(authentication.authenticate(Buffer.from(message)).errorCode, saslAuthenticationFailed)
    })
  }

  const scramEnd = (end: (nonce: string) => string, givenProof?: string) => {
    const { authentication } = connect()
    authentication.handshake('SCRAM-SHA-512', false)
    const challenge = authentication.authenticate(Buffer.from('n,,n=alice,r=abc')).authBytes.toString()
    const [, nonce, salt] = /^r=(abc[^,]{20,}),s=([^,]+),i=4096$/.exec(challenge)!
    const bare = end(nonce!)
    const proof = givenProof ?? `,p=${scramProof(salt!, `n=alice,r=abc,${challenge},${bare}`)}`
    return authentication.authenticate(Buffer.from(bare + proof)).errorCode
  }

  it('that proves by SCRAM to know its password is let in', () => {
    assert.equal(
      scramEnd((nonce) => `c=biws,r=${nonce}`),
      none,
    )
  })

  const ends = {
    'another nonce': (nonce: string) => `c=biws,r=${nonce}x`,
    'another binding': (nonce: string) => `c=eSws,r=${nonce}`,
  }
  for (const [what, end] of Object.entries(ends)) {
    it(`that ends SCRAM with ${what} is refused`, () => {
      assert.equal(scramEnd(end), saslAuthenticationFailed)
    })
  }

  const proofs = { 'no proof': '', 'a wrong proof': ',p=AAAA' }
  for (const [what, proof] of Object.entries(proofs)) {
    it(`that ends SCRAM with ${what} is refused`, () => {
      assert.equal(
        scramEnd((nonce) => `c=biws,r=${nonce}`, proof),
        saslAuthenticationFailed,
      )
    })
  }

  it('of the first version of SaslHandshake sends its messages bare until it is let in', () => {
    const { authentication } = connect()

    authentication.handshake('PLAIN', true)
    assert.equal(authentication.isBare, true)
    authentication.authenticate(plain('alice', 'pa55word'))

    assert.equal(authentication.isBare, false)
    assert.equal(authentication.permits(api.fetch), true)
  })
})

describe('a session', () => {
  it('lasts as long as the connection unless it is set an end', async () => {
    const { authentication, clock } = connect()
    authentication.handshake('PLAIN', false)

    const { sessionLifetimeMs } = authentication.authenticate(plain('alice', 'pa55word'))

    assert.equal(sessionLifetimeMs, 0)
    await clock.advance(1e9)
    assert.equal(authentication.permits(api.fetch), true)
  })

  it('ends on time, and can be renewed before and after', async () => {
    const { authentication, clock } = connect({ sessionMsMax: 1_000 })
    for (let renewal = 0; renewal < 3; renewal++) {
      authentication.handshake('PLAIN', false)
      assert.equal(authentication.authenticate(plain('alice', 'pa55word')).sessionLifetimeMs, 1_000)
      await clock.advance(999)
      assert.equal(authentication.permits(api.fetch), true)
      await clock.advance(renewal)
    }

    assert.equal(authentication.permits(api.fetch), false)
    assert.equal(authentication.permits(api.saslHandshake), true)
  })

  it('ends with the token', async () => {
    const { authentication, clock } = connect({ mechanisms: ['OAUTHBEARER'], sessionMsMax: 3_600_000 })
    const claims = { sub: 'bob', exp: clock.nowMs() / 1_000 + 60 }
    authentication.handshake('OAUTHBEARER', false)

    const { sessionLifetimeMs } = authentication.authenticate(bearer({ alg: 'none' }, claims))

    assert.equal(sessionLifetimeMs, 60_000)
    await clock.advance(60_000)
    assert.equal(authentication.permits(api.fetch), false)
  })

  it('belongs to one user', () => {
    const { authentication } = connect({ users: { alice: 'pa55word', bob: 'bobs' } })
    authentication.handshake('PLAIN', false)
    authentication.authenticate(plain('alice', 'pa55word'))

    authentication.handshake('PLAIN', false)

    assert.equal(authentication.authenticate(plain('bob', 'bobs')).errorCode, saslAuthenticationFailed)
  })
})

describe('a token', () => {
  const later = 1_790_000_060
  const refused: Record<string, Buffer> = {
    'that has expired': bearer({ alg: 'none' }, { sub: 'bob', exp: 1_789_999_999 }),
    'without an end': bearer({ alg: 'none' }, { sub: 'bob' }),
    'of nobody': bearer({ alg: 'none' }, { exp: later }),
    'that claims a signature': bearer({ alg: 'RS256' }, { sub: 'bob', exp: later }),
    'that is no JSON': Buffer.from('n,,\u0001auth=Bearer a.b.\u0001\u0001'),
    'that is not there': Buffer.from('n,,\u0001\u0001'),
  }
  for (const [which, message] of Object.entries(refused)) {
    it(`${which} is refused once the client has heard the reason`, () => {
      const { authentication } = connect({ mechanisms: ['OAUTHBEARER'] })
      authentication.handshake('OAUTHBEARER', false)

      const { errorCode, authBytes } = authentication.authenticate(message)

      assert.equal(errorCode, none)
      assert.equal(authBytes.toString(), '{"status":"invalid_token"}')
      assert.equal(authentication.permits(api.fetch), false)
      assert.equal(authentication.authenticate(Buffer.from([1])).errorCode, saslAuthenticationFailed)
    })
  }
})

function connect(sasl: BrokerSasl = {}) {
  const clock = new VirtualClock()
  const random = seededRandom(1)
  const settings = saslSettings({ users: { alice: 'pa55word' }, ...sasl }, random)
  return { clock, authentication: new Authentication({ sasl: settings, clock, random }) }
}

/** The client's side of SCRAM-SHA-512, as RFC 5802 has it. */
function scramProof(salt: string, signed: string): string {
  const salted = pbkdf2Sync('pa55word', Buffer.from(salt, 'base64'), 4096, 64, 'sha512')
  const clientKey = createHmac('sha512', salted).update('Client Key').digest()
  const storedKey = createHash('sha512').update(clientKey).digest()
  const signature = createHmac('sha512', storedKey).update(signed).digest()
  return Buffer.from(clientKey.map((byte, at) => byte ^ signature[at]!)).toString('base64')
}

function permitted(authentication: Authentication): string[] {
  return Object.entries(api).flatMap(([name, key]) => (authentication.permits(key) ? [name] : []))
}

function plain(user: string, password: string): Buffer {
  return Buffer.from(`\0${user}\0${password}`)
}

function bearer(header: object, claims: object): Buffer {
  const [first, second] = [header, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  return Buffer.from(`n,,\u0001auth=Bearer ${first}.${second}.\u0001\u0001`)
}
