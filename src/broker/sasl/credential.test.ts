import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { deriveCredential, isPasswordOf, isProofOf, serverSignature } from './credential.ts'

// The exchange that RFC 7677 gives as its example.
const credential = deriveCredential('sha256', 'pencil', Buffer.from('W22ZaJ0SNY7soEsUEjb6gQ==', 'base64'))
const message = [
  'n=user,r=rOprNGfwEbeRWgbNEkqO',
  'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
  'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0',
].join(',')
const proof = Buffer.from('dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=', 'base64')

describe('a credential', () => {
  it('accepts the proof of RFC 7677, and answers it as there', () => {
    assert.equal(isProofOf(credential, message, proof), true)
    assert.equal(serverSignature(credential, message), '6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=')
  })

  it('accepts no proof that is changed, cut, or of another message', () => {
    const changed = Buffer.from(proof)
    changed[31]! ^= 1

    assert.equal(isProofOf(credential, message, changed), false)
    assert.equal(isProofOf(credential, message, proof.subarray(1)), false)
    assert.equal(isProofOf(credential, message, Buffer.alloc(0)), false)
    assert.equal(isProofOf(credential, `${message} `, proof), false)
  })

  it('knows its password, in either length of hash', () => {
    for (const hash of ['sha256', 'sha512'] as const) {
      const derived = deriveCredential(hash, 'pencil', Buffer.from('salt'))

      assert.equal(isPasswordOf(derived, 'pencil'), true)
      assert.equal(isPasswordOf(derived, 'Pencil'), false)
    }
  })

  it('does not contain the password', () => {
    const bytes = Buffer.concat([credential.salt, credential.storedKey, credential.serverKey])

    assert.equal(bytes.includes('pencil'), false)
  })
})
