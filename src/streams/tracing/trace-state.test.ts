import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createTraceState } from '@opentelemetry/api'
import { TraceState } from './trace-state.ts'

describe('a tracestate', () => {
  const text = 'rojo=00f067aa0ba902b7,congo=t61rcWkgMzE'

  it('is what it was until it is changed, spaces and all', () => {
    const state = new TraceState(' a=1 ,\tb=2')
    assert.equal(state.serialize(), ' a=1 ,\tb=2')
    assert.deepEqual([state.get('a'), state.get('b'), state.get('c')], ['1', '2', undefined])
  })

  it('changes as that of OpenTelemetry does', () => {
    const [ours, theirs] = [new TraceState(text), createTraceState(text)]
    for (const key of ['rojo', 'congo', 'ot']) {
      assert.equal(ours.get(key), theirs.get(key))
      assert.equal(ours.set(key, 'th:8').serialize(), theirs.set(key, 'th:8').serialize())
      assert.equal(ours.unset(key).serialize(), theirs.unset(key).serialize())
    }
  })
})
