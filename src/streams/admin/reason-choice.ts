import { closestName } from '../../core/closest-name.ts'
import { ConfigError } from '../../core/errors.ts'
import { deadLetterReasons, Reason } from '../../kernel/index.ts'

const names = deadLetterReasons
  .map(({ name }) => name)
  .filter((name) => Reason[name as keyof typeof Reason] !== Reason.OK)

/**
 * Whether a dead letter has one of the reasons that a text names, separated by commas. A name that is no reason is
 * refused: of that there would seem to be no dead letters.
 *
 * @throws ConfigError `CONFIG_INVALID_VALUE`
 */
export function reasonChoice(text: string): (reason: string) => boolean {
  const chosen = new Set(text.split(',').map((name) => name.trim()))
  for (const name of chosen) {
    if (names.includes(name)) continue
    const meant = closestName(name, names)
    const advice = meant === undefined ? `there are ${names.join(', ')}` : `did you mean ${meant}?`
    const message = `reason: "${name}" is no reason of dead letters; ${advice}`
    throw new ConfigError('CONFIG_INVALID_VALUE', message, { option: 'reason' })
  }
  return (reason) => chosen.has(reason)
}
