import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { resolveOptions } from '../../core/options.ts'
import { runOptions } from '../options.ts'
import { field } from '../topology/field.ts'
import { planTopology } from '../topology/plan.ts'
import { stage } from '../topology/stage.ts'
import { chainOf } from '../topology/subtopologies.ts'
import { topology } from '../topology/topology.ts'
import { epochLimits } from './epoch-limits.ts'
import { EpochSchedule } from './epoch-schedule.ts'

const options = resolveOptions(runOptions, { given: { bootstrapServers: '-' }, env: {} })

describe('the bounds of the epochs of a subtopology', () => {
  it('let one that reads what another has committed close epochs at half the interval of that one', () => {
    const program = topology('shop', { layout: 'routed' })
      .source('orders')
      .route('by-side', field('side'), { A: stage(), B: stage() })
      .correlate('by-id', field('id'), { of: ['A', 'B'] })
      .sink('sink')
    const dueOf = chainOf(planTopology(program)).map((plan) => {
      const schedule = new EpochSchedule(epochLimits(options, plan))
      schedule.open(1_000)
      schedule.closed(1_000, 0)
      schedule.committed(1_001)
      schedule.open(1_002)
      return schedule.dueInMs(1_000, true)
    })

    assert.deepEqual(dueOf, [20, 10])
  })
})
