/** What a program tells of itself: metrics, health, events and spans, also while something is wrong. */
import { toldEvents } from '../integration/events.integration.ts'
import { spans } from '../integration/spans.integration.ts'
import { onEachBroker } from '../integration/target.ts'
import { loweredLimits } from './lowered-limits.integration.ts'
import { servedPrograms } from './served-programs.integration.ts'

onEachBroker([servedPrograms, loweredLimits, toldEvents, spans])
