/**
 * Kafka's own classes decide whether keys are hashed, and proofs of passwords computed, as they should be: generated
 * values.
 */
import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { before, describe, it } from 'node:test'
import { nextInt, seededRandom, systemRandom } from '../../src/core/random.ts'
import { murmur2 } from '../../src/kernel/index.ts'
import {
  encodeScramName,
  exclusiveOr,
  type ScramHash,
  scramIterationsMin,
  scramKeyBytes,
  scramKeys,
  scramSignature,
} from '../../src/protocol/index.ts'
import { skipWithoutJava } from '../apache-kafka.ts'
import { runJava } from './run-java.ts'

const seed = Number(process.env['MILLRACE_SEED'] ?? systemRandom.nextUint32())
const random = seededRandom(seed)

/** A line for Java, and what is computed here. */
interface Sample {
  readonly line: string
  readonly ours: string
}

const samples = {
  'the hash of a key': Array.from({ length: 300 }, (_, length) => hashOf(bytes(length))),
  'a user name in a message of SCRAM': Array.from({ length: 100 }, () => nameOf(text())),
  'keys, proof and signature of SCRAM-SHA-256': Array.from({ length: 10 }, () => scramOf('SCRAM-SHA-256', 'sha256')),
  'keys, proof and signature of SCRAM-SHA-512': Array.from({ length: 10 }, () => scramOf('SCRAM-SHA-512', 'sha512')),
}

describe("Kafka's own client", { skip: skipWithoutJava, timeout: 120_000 }, () => {
  let answers: string[]
  before(async () => {
    const lines = Object.values(samples).flatMap((each) => each.map(({ line }) => line))
    answers = await runJava('Arithmetic.java', lines)
  })

  let at = 0
  for (const [what, each] of Object.entries(samples)) {
    const first = at
    at += each.length
    it(`computes the same as this one: ${what} (MILLRACE_SEED=${seed})`, () => {
      for (const [index, { line, ours }] of each.entries()) assert.equal(ours, answers[first + index], line)
    })
  }
})

function hashOf(key: Buffer): Sample {
  return { line: `murmur2 ${key.toString('hex')}`, ours: String(murmur2(key)) }
}

function nameOf(name: string): Sample {
  return { line: `name ${hex(name)}`, ours: hex(encodeScramName(name)) }
}

function scramOf(mechanism: string, hash: ScramHash): Sample {
  const [password, signed, salt] = [text(), text(), bytes(1 + nextInt(random, 40))]
  const iterations = scramIterationsMin + nextInt(random, 100)
  const salted = pbkdf2Sync(password, salt, iterations, scramKeyBytes[hash], hash)
  const { clientKey, storedKey, serverKey } = scramKeys(hash, salted)
  const proof = exclusiveOr(clientKey, scramSignature(hash, storedKey, signed))
  return {
    line: ['scram', mechanism, hex(password), salt.toString('hex'), iterations, hex(signed)].join(' '),
    ours: [storedKey, serverKey, proof, scramSignature(hash, serverKey, signed)]
      .map((b) => b.toString('hex'))
      .join(' '),
  }
}

function bytes(length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => nextInt(random, 256)))
}

/** One to forty characters, those among them that are told from others by their spelling. */
function text(): string {
  const characters = ['a', 'Z', '0', ',', '=', ' ', 'ä', '流', '𝄞', '"']
  return Array.from({ length: 1 + nextInt(random, 40) }, () => characters[nextInt(random, characters.length)]).join('')
}

function hex(content: string): string {
  return Buffer.from(content).toString('hex')
}
