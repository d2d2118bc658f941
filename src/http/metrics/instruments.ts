import type { Instrument } from './instrument.ts'
import { actorInstruments } from './instruments/actor.ts'
import { epochInstruments } from './instruments/epoch.ts'
import { lookupInstruments } from './instruments/lookup.ts'
import { pendingInstruments } from './instruments/pending.ts'
import { processInstruments } from './instruments/process.ts'
import { programInstruments } from './instruments/program.ts'
import { sinkInstruments } from './instruments/sink.ts'
import { spanInstruments } from './instruments/span.ts'
import { sourceInstruments } from './instruments/source.ts'

/**
 * All instruments. The texts for Prometheus, the names for OpenTelemetry and `docs/metrics.md` are made from this table.
 * What is read has been counted before, by epoch or batch, so nothing here costs the path of records anything.
 */
export const instruments: readonly Instrument[] = [
  ...programInstruments,
  ...sourceInstruments,
  ...sinkInstruments,
  ...pendingInstruments,
  ...lookupInstruments,
  ...epochInstruments,
  ...actorInstruments,
  ...spanInstruments,
  ...processInstruments,
]
