/** Compiled with everything else, never run: what must not compile says so with `@ts-expect-error`. */
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { field, type Json, stage, type Topology, topology } from '../../src/streams/index.ts'

/** Holds only when both types are the same. */
type Same<Left, Right> = (<T>() => T extends Left ? 1 : 2) extends <T>() => T extends Right ? 1 : 2 ? true : false

/** What a topology publishes. */
type OutputOf<Program> = Program extends Topology<infer Output> ? Output : never

function holds<_Claim extends true>(): void {}

interface Order {
  readonly amount: number
}
declare const orderSchema: StandardSchemaV1<unknown, Order>

const base = topology('types').source('in')
const routed = base.route('by-stage', field('stage'), {
  raw: stage(),
  picked: stage({ part: field('part') }),
  made: stage({ part: (value: Order) => ({ cents: value.amount * 100 }) }),
  checked: stage({ schema: orderSchema, part: (order) => order.amount }),
  awaited: stage({ part: async (value: Order) => String(value.amount) }),
  filtered: stage({ part: (value: Order) => (value.amount > 0 ? value.amount : undefined) }),
})

const all = routed
  .correlate('by-id', field('id'), { of: ['raw', 'picked', 'made', 'checked', 'awaited', 'filtered'] })
  .sink('out')

holds<
  Same<
    OutputOf<typeof all>,
    {
      readonly raw: Json
      readonly picked: Json
      readonly made: { cents: number }
      readonly checked: number
      readonly awaited: string
      readonly filtered: number
    }
  >
>()

// Only the sides that are named are in the output.
const some = routed.correlate('by-id', field('id'), { of: ['made', 'checked'] }).sink('out')
holds<Same<OutputOf<typeof some>, { readonly made: { cents: number }; readonly checked: number }>>()

// A topology of any output is a topology.
export const programs: readonly Topology[] = [all, some]

// @ts-expect-error no stage has the name of this side
routed.correlate('by-id', field('id'), { of: ['made', 'missing'] })

// @ts-expect-error a key is a field
routed.correlate('by-id', 'id', { of: ['made', 'checked'] })

// @ts-expect-error sides are required
routed.correlate('by-id', field('id'), {})

// @ts-expect-error keys are remembered for a time
routed.correlate('by-id', field('id'), { of: ['made', 'checked'], rememberCompleted: { keysMax: 10 } })

// @ts-expect-error a route leads to stages
base.route('by-stage', field('stage'), { made: field('part') })

// @ts-expect-error a route is a field or a function
base.route('by-stage', 'stage', { made: stage() })

// @ts-expect-error a part is a field or a function
stage({ part: 'part' })

// @ts-expect-error the function is given what the schema gives
stage({ schema: orderSchema, part: (order) => order.total })

// @ts-expect-error a topology without a sink is none
export const endless: Topology = routed.correlate('by-id', field('id'), { of: ['made', 'checked'] })
