import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { ShapedJson } from './shaped-json.ts'

function parserOf(t: TestContext) {
  const json = new ShapedJson()
  const parse = (text: string) => json.parse(Buffer.from(text), 0, Buffer.byteLength(text))
  return { parse, calls: t.mock.method(JSON, 'parse').mock }
}

describe('ShapedJson', () => {
  it('leaves to JSON.parse only the first two texts of a shape, of which it learns', (t) => {
    const { parse, calls } = parserOf(t)
    const textOf = (id: number) => `{"id":${id},"of":{"name":"n${id}","tags":[true,-${id}.5]}}`
    for (let id = 0; id < 100; id++) {
      assert.deepStrictEqual(parse(textOf(id)), { id, of: { name: `n${id}`, tags: [true, -id - 0.5] } })
    }
    assert.equal(calls.callCount(), 2)
  })

  it('makes values that share nothing', () => {
    const json = new ShapedJson()
    const texts = ['{"a":{"b":[1]}}', '{"a":{"b":[2]}}', '{"a":{"b":[3]}}', '{"a":{"b":[4]}}']
    const made = texts.map((text) => json.parse(Buffer.from(text), 0, text.length) as { a: { b: number[] } })
    for (const { a } of made) a.b.push(0)
    const last = json.parse(Buffer.from(texts[0]!), 0, texts[0]!.length)
    assert.deepStrictEqual(
      [...made, last],
      [1, 2, 3, 4, 0].map((b) => ({ a: { b: b === 0 ? [1] : [b, 0] } })),
    )
  })

  it('goes on while shapes come and go, more than it keeps', (t) => {
    const { parse } = parserOf(t)
    for (let shape = 0; shape < 2_000; shape++) {
      for (let id = 0; id < 3; id++) assert.deepStrictEqual(parse(`{"s${shape}":${id}}`), { [`s${shape}`]: id })
    }
  })

  it('parses long texts, and those beyond ASCII', (t) => {
    const { parse } = parserOf(t)
    for (const name of ['x'.repeat(5_000), 'é', 'x', 'ü'.repeat(3_000), 'y']) {
      for (let id = 0; id < 3; id++) assert.deepStrictEqual(parse(JSON.stringify({ name, id })), { name, id })
    }
  })

  it('refuses what JSON.parse refuses, and what is no UTF-8', () => {
    const json = new ShapedJson()
    const good = Buffer.from('{"a":"xyz"}')
    for (let i = 0; i < 3; i++) json.parse(good, 0, good.length)
    for (const text of ['', '{', '{"a":"x\n"}', '{"a":"xyz"} x', '{"a":"xyz"', '{"a":01}']) {
      assert.throws(() => json.parse(Buffer.from(text), 0, text.length), SyntaxError, text)
    }
    const broken = Buffer.from(good)
    broken[7] = 0xff
    assert.throws(() => json.parse(broken, 0, broken.length), TypeError)
  })
})
