import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ScannerMachine } from './scanner-machine.ts'

const machine = new ScannerMachine()

/** Where a function of `../assembly/text.ts` ends on these bytes. */
function endIn(find: 'plainEnd' | 'stringEnd', bytes: Uint8Array, end = bytes.length): number {
  const start = machine.stage(bytes, 0, bytes.length)
  const found = machine.run[find](start, start + end)
  return found < 0 ? found : found - start
}

const isRefused = (place: number) => place < 0

describe('plainEnd', () => {
  it('stops at each byte that is more than itself, wherever it stands among sixteen, and at no other', () => {
    for (let byte = 0; byte < 256; byte++) {
      const isPlain = byte >= 0x20 && byte < 0x80 && byte !== 0x22 && byte !== 0x5c
      for (let at = 0; at < 40; at++) {
        const bytes = new Uint8Array(44).fill(0x61, 0, 40).fill(0x22, 40)
        bytes[at] = byte
        assert.equal(endIn('plainEnd', bytes), isPlain ? 40 : at)
      }
    }
  })

  it('looks no further than its end', () => {
    assert.ok(endIn('plainEnd', new Uint8Array(7).fill(0x61), 4) >= 4)
    machine.stage(new Uint8Array(64).fill(0x22), 0, 64)
    assert.ok(endIn('plainEnd', new Uint8Array(7).fill(0x61), 7) >= 7)
  })
})

describe('stringEnd', () => {
  /** Where the string ends that these bytes are the content of, in a record that ends soon after. */
  const endOf = (...content: number[]) => endIn('stringEnd', Uint8Array.from([...content, 0x22, 0x7d]))

  it('accepts exactly the sequences of UTF-8', () => {
    const strict = new TextDecoder('utf-8', { fatal: true })
    const isUtf8 = (content: number[]) => {
      try {
        return strict.decode(Uint8Array.from(content)) !== ''
      } catch {
        return false
      }
    }
    const edges = [0x22, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0]

    for (let lead = 0x80; lead < 0x100; lead++) {
      for (const second of edges) {
        for (const third of [0x61, 0x7f, 0x80, 0xbf, 0xc0]) {
          for (const content of [
            [lead, second, third],
            ...[0x7f, 0x80, 0xbf, 0xc0].map((last) => [lead, second, third, last]),
          ]) {
            if (content.includes(0x22)) continue
            assert.equal(isRefused(endOf(...content)), !isUtf8(content), content.join())
          }
        }
      }
    }
  })

  it('accepts exactly the escapes of JSON', () => {
    const codes = (text: string) => Array.from(text, (character) => character.charCodeAt(0))
    for (let byte = 0x20; byte < 0x7f; byte++) {
      const character = String.fromCharCode(byte)
      assert.equal(isRefused(endOf(...codes(`\\${character}`))), !'"\\/bfnrt'.includes(character))
      for (let digit = 0; digit < 4; digit++) {
        const hex = '0000'.slice(0, digit) + character + '0000'.slice(digit + 1)
        assert.equal(isRefused(endOf(...codes(`\\u${hex}`))), !/[0-9a-fA-F]/.test(character))
      }
    }
  })

  it('refuses control characters, and a string that its record does not end', () => {
    for (let byte = 0; byte < 0x20; byte++) assert.ok(isRefused(endOf(byte)))
    assert.ok(isRefused(endIn('stringEnd', Uint8Array.from([0x61, 0x7d, 0x22, 0x7d]), 2)))
  })

  it('gives the place after the closing quote', () => {
    assert.equal(endOf(), 1)
    assert.equal(endOf(0x5c, 0x22, 0xc3, 0xa9), 5)
  })
})
