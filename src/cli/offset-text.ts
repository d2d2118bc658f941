interface Offset {
  readonly partition: number
  readonly offset: number
  /** Which of the records that a flatMap made of the one there. */
  readonly index?: number | undefined
}

/** `3@17`, or `3@17[2]` of a record that a flatMap made. */
export function offsetText({ partition, offset, index }: Offset): string {
  return `${partition}@${offset}${index === undefined ? '' : `[${index}]`}`
}
