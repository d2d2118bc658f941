import type { ListedMember } from '../../kafka/index.ts'

/**
 * Which tasks a member keeps copies of where its group does not say: those of each member are shared out to all others,
 * one after the other. All members come to the same by the same list.
 *
 * @param members - Of the group. @param self - By what the others know this one. @param count - Copies of each task.
 * @returns In ascending order; none where this one is not among the members.
 */
export function chosenCopies(
  members: readonly Pick<ListedMember, 'name' | 'owned'>[],
  self: string,
  count: number,
): number[] {
  const inOrder = members.toSorted((a, b) => (a.name < b.name ? -1 : 1))
  const own = inOrder.findIndex(({ name }) => name === self)
  if (own < 0) return []
  return inOrder
    .flatMap(({ owned }, owner) => {
      const others = inOrder.length - 1
      // From the owner's successor on: 1 to `others`, 0 for the owner.
      const distance = (own - owner + inOrder.length) % inOrder.length
      return owned.filter((task) => {
        const first = task % others
        return distance > 0 && (distance - 1 - first + others) % others < count
      })
    })
    .sort((a, b) => a - b)
}
