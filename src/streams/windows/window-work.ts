import { assert } from '../../core/assert.ts'
import { functionValues } from '../functions/function-values.ts'
import type { Session } from '../recovery/session.ts'
import type { Services } from '../runtime/services.ts'
import { promotedBytesMax } from '../topics/program-topics.ts'
import { ClosingWindows } from './closing-windows.ts'
import { areNumbers, type Folding, foldingOf } from './folding.ts'
import type { Aggregation } from '../topology/aggregation.ts'
import { areSessions, areSliding } from '../topology/windows.ts'
import { SessionPlacing } from './session-placing.ts'
import { SlidingPlacing } from './sliding-placing.ts'
import { TimePlacing } from './time-placing.ts'
import { WindowIntake } from './window-intake.ts'
import type { PlacedRows, WindowPlacing } from './window-placing.ts'
import { type ResultOutputs, WindowResults } from './window-results.ts'

/** What an operator does with windows, within one life. */
export class WindowWork {
  readonly intake: WindowIntake
  readonly closing: ClosingWindows

  private constructor(intake: WindowIntake, closing: ClosingWindows) {
    this.intake = intake
    this.closing = closing
  }

  /** Absent where the records of a program are merged. */
  static of(services: Services, session: Session, outputs: ResultOutputs): WindowWork | undefined {
    const { plan, topics } = services
    const { aggregation, correlate, sources } = plan
    if (aggregation === undefined) return undefined
    const { windows: rows, eventClock: clock } = session.state
    assert(rows !== undefined && clock !== undefined, 'a program with windows keeps them, and the time of its records')
    const values = functionValues(services, session, correlate.id, sources[0]!.bigIntegers)
    const folding = foldingOf(aggregation, correlate.id, values)
    const results = new WindowResults({ outputs, aggregation, keyName: correlate.keyName, folding, rows })
    // One may be on its way.
    const epoch = () => session.state.epochs.committed + (session.schedule.isCommitting ? 2 : 1)
    const recordBytesMax = Math.min(promotedBytesMax(topics), results.recordBytesMax)
    const placing = placingOf(aggregation, rows, folding, recordBytesMax)
    return new WindowWork(
      new WindowIntake({ aggregation, placing, rows, clock, folding, results, recordBytesMax, epoch }),
      new ClosingWindows(aggregation, rows, clock, placing, results),
    )
  }
}

function placingOf(
  { aggregate, windows }: Aggregation,
  rows: PlacedRows,
  folding: Folding,
  recordBytesMax: number,
): WindowPlacing {
  if (areSessions(windows)) return new SessionPlacing(windows, rows, folding)
  if (!areSliding(windows)) return new TimePlacing(windows, rows, folding)
  return new SlidingPlacing({ windows, rows, folding, areMerged: areNumbers({ aggregate }), recordBytesMax })
}
