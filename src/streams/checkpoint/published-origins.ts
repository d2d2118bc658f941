import {
  headerOf,
  originsHeaderName,
  readOrigins,
  readRoutedPlace,
  type RecordColumns,
  type SideOrigin,
} from '../../kernel/index.ts'
import type { TopologyShape } from './topology-shape.ts'

/** Where the parts of a record came from that a subtopology has published; undefined where it does not say. */
export function publishedOrigins(
  { isRouted }: TopologyShape,
  columns: RecordColumns,
  row: number,
): SideOrigin[] | undefined {
  if (isRouted === true) {
    const place = readRoutedPlace(columns, row)
    return place && [place]
  }
  const origins = headerOf(columns, row, originsHeaderName)
  return origins && readOrigins(origins)
}
