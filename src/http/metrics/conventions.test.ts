import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as conventions from '@opentelemetry/semantic-conventions/incubating'
import { labels } from './instrument.ts'
import { instruments } from './instruments.ts'
import { prometheusName } from './prometheus.ts'

/** Names of attributes that OpenTelemetry has conventions for. */
const known = new Set<unknown>(
  Object.entries(conventions).flatMap(([name, value]) => (name.startsWith('ATTR_') ? [value] : [])),
)

describe('the names of metrics', () => {
  it('are those of OpenTelemetry for what its conventions for messaging have, and else in a namespace of their own', () => {
    for (const name of Object.values(labels)) assert.ok(known.has(name) || name.startsWith('millrace.'), name)
    for (const { name } of instruments) assert.match(name, /^millrace(\.[a-z]+(_[a-z]+)*)+$/)
    // Readers for Prometheus add what counters end in.
    for (const { name } of instruments) assert.doesNotMatch(name, /[._](total|count)$/)
  })

  it('break no rule that promtool looks for in metrics', () => {
    for (const instrument of instruments) {
      const { kind, unit, help, labels: own } = instrument
      const name = prometheusName(instrument)
      assert.match(name, /^[a-z][a-z0-9]*(_[a-z0-9]+)*$/, name)
      assert.equal(name.endsWith('_total'), kind === 'counter', `${name}: counters alone end in _total`)
      assert.doesNotMatch(name, /_(bucket|sum|count|info)$/, `${name}: what histograms end in`)
      assert.doesNotMatch(name, /(^|_)(counter|gauge|histogram|summary)(_|$)/, `${name}: the kind is no part of a name`)
      assert.doesNotMatch(
        name,
        /(^|_)(milliseconds|ms|us|ns|s|sec|minutes|hours|days|b|kb|mb|gb|kilobytes|megabytes|percent)(_|$)/,
        `${name}: base units, which are not abbreviated`,
      )
      if (unit === 's') assert.match(name, /_seconds(_total)?$/, name)
      if (unit === 'By') assert.match(name, /_bytes(_total)?$/, name)
      assert.match(help, /\S.*\.$/, `${name}: a sentence says what it is`)
      for (const label of own) {
        assert.match(label, /^[a-z]+$/, `${name}: ${label}`)
        assert.ok(!['le', 'quantile'].includes(label), `${name}: what histograms and summaries have`)
      }
    }
  })
})
