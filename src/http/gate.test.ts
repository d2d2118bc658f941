import assert from 'node:assert/strict'
import type { IncomingHttpHeaders } from 'node:http'
import { describe, it } from 'node:test'
import { Secret } from '../core/secret.ts'
import { Gate } from './gate.ts'

const host = '127.0.0.1:9464'

function statusOf(headers: IncomingHttpHeaders, { method = 'GET', isGuarded = true, token = '' } = {}) {
  const gate = new Gate(['localhost', 'shop.internal'], token === '' ? undefined : new Secret(token))
  return gate.refuse({ method, headers, isGuarded })?.status
}

describe('the gate of the server', () => {
  for (const name of [host, 'localhost:9464', 'LOCALHOST', '[::1]:9464', 'shop.internal', '10.1.2.3:80']) {
    it(`lets through what is asked under the name ${name}`, () => {
      assert.equal(statusOf({ host: name }), undefined)
    })
  }

  for (const name of [
    'evil.example:9464',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '',
    '127.0.0.1:9464:1',
  ]) {
    it(`refuses what is asked under the name "${name}", so that no site leads a browser here by its own`, () => {
      assert.equal(statusOf({ host: name }, { isGuarded: false }), 403)
    })
  }

  for (const origin of ['http://evil.example', 'http://127.0.0.1:8080', 'http://localhost:9464', 'null']) {
    it(`refuses a request from a page of ${origin}`, () => {
      assert.equal(statusOf({ host, origin }, { isGuarded: false }), 403)
    })
  }

  it('lets through what comes from its own page, also by way of a proxy that speaks TLS', () => {
    assert.equal(statusOf({ host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }), undefined)
    assert.equal(statusOf({ host: 'shop.internal', origin: 'https://shop.internal' }), undefined)
  })

  for (const site of ['cross-site', 'same-site']) {
    it(`refuses what another page embeds (${site}), but not a link to the page`, () => {
      assert.equal(statusOf({ host, 'sec-fetch-site': site }), 403)
      assert.equal(statusOf({ host, 'sec-fetch-site': site }, { isGuarded: false }), undefined)
    })
  }

  it('takes a POST only with a header that no page of another site can send', () => {
    assert.equal(statusOf({ host }, { method: 'POST' }), 403)
    assert.equal(statusOf({ host, 'x-millrace': '1' }, { method: 'POST' }), undefined)
  })

  it('wants the token for all but what is for anybody', () => {
    const token = 'b8c1'
    assert.equal(statusOf({ host }, { token }), 401)
    assert.equal(statusOf({ host, authorization: 'Bearer b8c' }, { token }), 401)
    assert.equal(statusOf({ host, authorization: 'Basic b8c1' }, { token }), 401)
    assert.equal(statusOf({ host, authorization: 'Bearer b8c1' }, { token }), undefined)
    assert.equal(statusOf({ host }, { token, isGuarded: false }), undefined)
  })
})
