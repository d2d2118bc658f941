import { html } from './dom.js'
import { count } from './format.js'

/**
 * Topics of which many records in a row have become dead letters: it is the topic then, or the program, and not a
 * record.
 *
 * @param {HTMLElement} place - Is read out where it changes.
 * @param {readonly any[]} streaks
 */
export function streaksView(place, streaks) {
  const drawn = JSON.stringify(streaks)
  if (place.dataset['drawn'] === drawn) return
  place.dataset['drawn'] = drawn
  place.hidden = streaks.length === 0
  place.replaceChildren(
    ...streaks.map(({ topic, records, reason, isOver }) => {
      const what = `${count(records)} records of ${topic} in a row were dead letters, the last for ${reason}`
      return html(
        'p',
        { class: isOver ? 'quiet' : 'bad' },
        isOver ? `${what}; others have been used since.` : `${what}.`,
      )
    }),
  )
}
