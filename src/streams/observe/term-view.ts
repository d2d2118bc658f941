import type { SupervisorSnapshot } from '../../actors/index.ts'
import type { Session } from '../recovery/session.ts'
import type { SourceLog } from '../runtime/ports.ts'
import type { Services } from '../runtime/services.ts'
import { PendingCensus } from './pending-census.ts'
import type { Asked } from './asked.ts'
import { sourceEnds } from './source-ends.ts'

/** What there is to look at in an active process besides its account. Nothing of it runs while nobody looks. */
export class TermView implements Disposable {
  /** Where the sources end. */
  readonly ends: Asked<readonly number[]>
  /** Absent where the table is in shards. */
  readonly census: PendingCensus | undefined
  /** The supervision tree at this moment. */
  readonly actors: () => SupervisorSnapshot
  readonly #services: Pick<Services, 'timeOfDay'>

  constructor(services: Services, session: Session, log: SourceLog, actors: () => SupervisorSnapshot) {
    const { clock, timeOfDay } = services
    this.ends = sourceEnds(log, session.sources, clock, session.endOffsets)
    const { table, cold } = session.state
    const hasTable = session.shards === undefined
    this.census = hasTable ? new PendingCensus(table, clock, () => timeOfDay.nowMs(), cold) : undefined
    this.actors = actors
    this.#services = services
  }

  /** The time of day by the brokers. */
  nowMs(): number {
    return this.#services.timeOfDay.nowMs()
  }

  [Symbol.dispose](): void {
    this.census?.stop()
  }
}
