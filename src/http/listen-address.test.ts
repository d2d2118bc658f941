import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLoopback, parseListenAddress } from './listen-address.ts'

describe('an address to listen at', () => {
  for (const [text, host, port] of [
    ['127.0.0.1:9464', '127.0.0.1', 9464],
    ['0.0.0.0:0', '0.0.0.0', 0],
    ['[::1]:80', '::1', 80],
    ['shop.internal:65535', 'shop.internal', 65_535],
  ] as const) {
    it(`is read from ${text}`, () => {
      assert.deepEqual(parseListenAddress(text), { host, port })
    })
  }

  for (const text of ['9464', ':9464', '127.0.0.1', '127.0.0.1:x', '127.0.0.1:65536', '::1:80', 'http://a:1']) {
    it(`is not "${text}"`, () => {
      assert.throws(() => parseListenAddress(text), { code: 'CONFIG_INVALID_VALUE' })
    })
  }

  it('is of this machine alone where only the loopback interface has it', () => {
    const hosts = ['127.0.0.1', '127.9.9.9', '::1', 'localhost', '0.0.0.0', '::', '10.0.0.1', '127.evil.example']

    assert.deepEqual(
      hosts.filter((host) => isLoopback({ host, port: 1 })),
      hosts.slice(0, 4),
    )
  })
})
