/**
 * A whole number with a comma after each three digits, as `toLocaleString('en')` has it, whose first call takes 10 ms of
 * CPU to load what it knows of languages.
 */
export function grouped(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',')
}
