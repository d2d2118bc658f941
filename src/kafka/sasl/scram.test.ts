import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Secret } from '../../core/secret.ts'
import { scram } from './scram.ts'

// The exchange that RFC 7677 gives as its example.
const credentials = { mechanism: 'SCRAM-SHA-256', username: 'user', password: new Secret('pencil') } as const
const ownNonce = 'rOprNGfwEbeRWgbNEkqO'
const nonce = 'rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0'
const challenge = `r=${nonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096`
const proof = `c=biws,r=${nonce},p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=`
const signature = '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4='

describe('the exchange of SCRAM', () => {
  it('is that of RFC 7677', async () => {
    const exchange = scram('sha256', credentials, ownNonce)

    assert.equal(textOf(await exchange.next()), `n,,n=user,r=${ownNonce}`)
    assert.equal(textOf(await exchange.next(Buffer.from(challenge))), proof)
    assert.equal((await exchange.next(Buffer.from(`v=${signature}`))).done, true)
  })

  it('spells a user name as commas and equals signs demand', async () => {
    const exchange = scram('sha512', { ...credentials, username: 'cn=a,o=b' }, ownNonce)

    assert.equal(textOf(await exchange.next()), `n,,n=cn=3Da=2Co=3Db,r=${ownNonce}`)
  })

  it('signs extensions of the challenge that it does not know', async () => {
    // Their signature is another one, and nothing else is wrong with them.
    await assert.rejects(prove(`${challenge},x=later`, `v=${signature}`), { message: /Invalid server signature/ })
  })

  const challenges: Record<string, [challenge: string, message: RegExp]> = {
    'an extension that a client must know': [`m=x,${challenge}`, /cannot be read/],
    'no salt': [`r=${nonce},i=4096`, /cannot be read/],
    'a count that is no number': [challenge.replace('4096', '4096e3'), /cannot be read/],
    'a nonce of its own': [challenge.replace('rOpr', 'rOps'), /does not extend/],
    'the nonce of the client and no more': [`r=${ownNonce},s=c2FsdA==,i=4096`, /does not extend/],
    'fewer iterations than are safe': [challenge.replace('4096', '4095'), /4095 iterations/],
    'more iterations than there is time for': [challenge.replace('4096', '1000001'), /1000001 iterations/],
  }
  for (const [which, [text, message]] of Object.entries(challenges)) {
    it(`fails over a challenge with ${which}`, async () => {
      await assert.rejects(prove(text, `v=${signature}`), { message })
    })
  }

  const outcomes: Record<string, [outcome: string, message: RegExp]> = {
    'another signature': [`v=${signature.replace('6', '7')}`, /Invalid server signature/],
    'a signature that is cut': [`v=${signature.slice(0, 40)}`, /Invalid server signature/],
    'no signature': ['', /Invalid server signature/],
    'a reason for its refusal': ['e=invalid-proof', /^invalid-proof$/],
  }
  for (const [which, [text, message]] of Object.entries(outcomes)) {
    it(`fails over an outcome with ${which}`, async () => {
      await assert.rejects(prove(challenge, text), { message })
    })
  }
})

async function prove(...answers: [challenge: string, outcome: string]): Promise<void> {
  const exchange = scram('sha256', credentials, ownNonce)
  await exchange.next()
  for (const answer of answers) await exchange.next(Buffer.from(answer))
}

function textOf({ value }: IteratorResult<Buffer, void>): string {
  return String(value)
}
