/** A merged record that is to be published, as it lies in memory: valid until the call returns. */
export interface HandedRecord {
  bytes: Buffer
  /** Key, value, headers with their count, and those that a part has carried lie one after the other. */
  keyStart: number
  valueStart: number
  headersStart: number
  carriedStart: number
  end: number
  /** The greatest and the least timestamp of its parts, of those that bear one. */
  greatestMs: number
  leastMs: number
  /** Where the part came from that has completed it. */
  partition: number
  offset: number
}

/** One to be filled again for each merge; it begins with nothing. */
export function blankRecord(): HandedRecord {
  return {
    bytes: Buffer.alloc(0),
    keyStart: 0,
    valueStart: 0,
    headersStart: 0,
    carriedStart: 0,
    end: 0,
    greatestMs: 0,
    leastMs: 0,
    partition: 0,
    offset: 0,
  }
}
