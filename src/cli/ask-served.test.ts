import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askServed } from './ask-served.ts'

describe('asking a process over HTTP', () => {
  it('fails with the address where nothing listens there', async () => {
    await assert.rejects(askServed('127.0.0.1:1', '/api', undefined), {
      code: 'HTTP_NOT_ANSWERED',
      details: { url: 'http://127.0.0.1:1/api' },
    })
  })
})
