import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { wellInspection } from '../fixtures/inspection.ts'
import { labels } from './instrument.ts'
import { instruments } from './instruments.ts'
import { prometheusName, prometheusText } from './prometheus.ts'

const view = {
  inspection: wellInspection,
  readiness: { isReady: true, reason: '' },
  process: { loopDelay: { median: 0.001, p99: 0.02, max: 0.1 }, cpuSeconds: 1.5, residentBytes: 1e8 },
}

describe('the text for Prometheus', () => {
  it('has a value of each instrument, under its own name', () => {
    const lines = prometheusText(view).split('\n')

    for (const line of [
      'millrace_ready{app="shop"} 1',
      'millrace_role{app="shop",role="standby"} 0',
      'millrace_source_records_total{app="shop",topic="orders",partition="0",outcome="dead_lettered"} 2',
      'millrace_source_lag{app="shop",topic="orders",partition="0"} 0',
      'millrace_dead_letters_total{app="shop",reason="NOT_JSON"} 2',
      'millrace_pending_age_seconds{app="shop"} 10',
      'millrace_pending_missing{app="shop",missing="B,C"} 1',
      'millrace_actor_restarts_total{app="shop",actor="shop/stage-A"} 2',
      'millrace_process_cpu_time_seconds_total{app="shop"} 1.5',
    ])
      assert.ok(lines.includes(line), line)
  })

  it('has histograms with buckets that add up', () => {
    const text = prometheusText(view)
    const name = 'millrace_epoch_duration_seconds'

    assert.ok(
      text.includes(
        [
          `# TYPE ${name} histogram`,
          `${name}_bucket{app="shop",le="0.1"} 2`,
          `${name}_bucket{app="shop",le="1"} 3`,
          `${name}_bucket{app="shop",le="+Inf"} 3`,
          `${name}_sum{app="shop"} 0.5`,
          `${name}_count{app="shop"} 3`,
        ].join('\n'),
      ),
      text,
    )
  })

  it('has the values of each subtopology under its name, and those of the process once', () => {
    const inspection = { ...wellInspection, app: 'shop.by-customer' }
    const text = prometheusText({ ...view, next: { ...view, inspection, readiness: { isReady: false, reason: '' } } })

    assert.ok(text.includes('millrace_ready{app="shop"} 1\nmillrace_ready{app="shop.by-customer"} 0\n'), text)
    assert.ok(text.includes('millrace_epoch_duration_seconds_count{app="shop.by-customer"} 3\n'), text)
    assert.equal(text.match(/^millrace_process_cpu_time_seconds_total/gm)!.length, 1)
  })

  it('keeps labels in their quotes, whatever is in them', () => {
    const inspection = { ...wellInspection, app: 'a"b\\c\nd' }

    assert.ok(prometheusText({ ...view, inspection }).includes(String.raw`millrace_ready{app="a\"b\\c\nd"} 1`))
  })

  it('has only labels that the table names, and each of an instrument at each of its values', () => {
    for (const { name, labels: declared, read } of instruments) {
      for (const sample of read(view)) {
        assert.deepEqual(Object.keys(sample.labels ?? {}), [...declared], name)
      }
      for (const label of declared) assert.ok(Object.hasOwn(labels, label), label)
    }
  })

  it('has names that are told apart', () => {
    const names = instruments.map(prometheusName)

    assert.equal(new Set(names).size, names.length)
    for (const name of names) assert.match(name, /^millrace(_[a-z]+)+$/)
  })
})
