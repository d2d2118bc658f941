let total = 0

/** The task of a thread: adds an amount, and gives the sum. */
export const add = (amount: number): number => (total += amount)
