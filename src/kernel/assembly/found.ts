/** What a scan has found of each field: where its value lies, quotes included, and what it is. */
import { fieldsMax } from '../constants/value-kind'

export const starts = memory.data(4 * fieldsMax, 16)
export const ends = memory.data(4 * fieldsMax, 16)
export const kinds = memory.data(4 * fieldsMax, 16)
