import { MillraceError } from '../core/errors.ts'
import type { RecordColumns } from './columns.ts'

/** How full a table is. */
export interface TableLoad {
  readonly liveBytes: number
  readonly rowCount: number
}

/** The part of a row does not fit below `bytesMax`. */
export function tableFull({ liveBytes, rowCount }: TableLoad, columns: RecordColumns, row: number): MillraceError {
  const { partition } = columns
  return new MillraceError(
    'TABLE_FULL',
    `the pending table is full: ${liveBytes} bytes in ${rowCount} open keys; raise pendingBytesMax, or give the correlation an expireAfterMs`,
    { liveBytes, rowCount, partition, offset: columns.offset[row]! },
  )
}

/** A completed key does not fit below `bytesMax`. */
export function tableFullOfKeys({ liveBytes }: TableLoad): MillraceError {
  return new MillraceError(
    'TABLE_FULL',
    `the pending table is full of completed keys: ${liveBytes} bytes; raise pendingBytesMax, or lower keysMax of rememberCompleted`,
    { liveBytes },
  )
}

/** So many bytes do not fit into the memory, whatever `bytesMax` allows. */
export function memoryFull({ liveBytes, rowCount }: TableLoad, bytes: number): MillraceError {
  return new MillraceError(
    'TABLE_FULL',
    `the memory of the pending table is full: ${bytes} bytes more do not fit into its 4 GiB; lower keysMax of rememberCompleted, or give the correlation an expireAfterMs`,
    { liveBytes, rowCount, bytes },
  )
}
