import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { describe, it } from 'node:test'
import { decodeScramName, encodeScramName, exclusiveOr, type ScramHash, scramKeys, scramSignature } from './scram.ts'

// The exchange that RFC 5802, section 5, gives as its example. Its hash is SHA-1, which Kafka does not offer.
const sha1 = 'sha1' as ScramHash
const signed = [
  'n=user,r=fyko+d2lbbFgONRv9qkxdawL',
  'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
  'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j',
].join(',')

describe('the computations of SCRAM', () => {
  it('are those of RFC 5802', () => {
    const salted = pbkdf2Sync('pencil', Buffer.from('QSXCR+Q6sek8bf92', 'base64'), 4_096, 20, sha1)
    const { clientKey, storedKey, serverKey } = scramKeys(sha1, salted)

    const proof = exclusiveOr(clientKey, scramSignature(sha1, storedKey, signed))

    assert.equal(proof.toString('base64'), 'v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=')
    assert.equal(scramSignature(sha1, serverKey, signed).toString('base64'), 'rmF9pqV8S7suAoZWja4dJRkFsKQ=')
  })

  it('find a key again that a signature hides', () => {
    const [key, signature] = [Buffer.from('key of 16 bytes.'), Buffer.from('a signature of16')]

    assert.deepEqual(exclusiveOr(exclusiveOr(key, signature), signature), key)
  })
})

describe('a user name in a message of SCRAM', () => {
  it('has no commas and no equals signs of its own', () => {
    assert.equal(encodeScramName('cn=alice,ou=a,o=b'), 'cn=3Dalice=2Cou=3Da=2Co=3Db')
  })

  it('is read back as it was', () => {
    for (const name of ['alice', 'a,b=c', '=2C', '=3D2C', 'ä,=']) {
      assert.equal(decodeScramName(encodeScramName(name)), name)
    }
  })
})
