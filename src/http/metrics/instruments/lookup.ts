import type { Instrument } from '../instrument.ts'

/** Tables that topics fill. */
export const lookupInstruments: readonly Instrument[] = [
  perLookup('millrace.lookup.rows', '{row}', 'Rows of each table that a topic fills.', 'gauge', 'rows'),
  perLookup(
    'millrace.lookup.size',
    'By',
    'Bytes of these rows, which `bytesMax` of the table bounds.',
    'gauge',
    'bytes',
  ),
  perLookup(
    'millrace.lookup.refused',
    '{record}',
    'Records of these topics that were no rows, since the process began its term.',
    'counter',
    'badRows',
  ),
]

function perLookup(
  name: string,
  unit: string,
  help: string,
  kind: 'counter' | 'gauge',
  figure: 'rows' | 'bytes' | 'badRows',
): Instrument {
  return {
    name,
    kind,
    unit,
    labels: ['table', 'topic'],
    help,
    read: ({ inspection: { lookups = [] } }) =>
      lookups.map(({ table, topic, [figure]: value }) => ({ labels: { table, topic }, value })),
  }
}
