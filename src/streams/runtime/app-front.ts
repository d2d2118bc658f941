import type { AuditReport } from '../admin/audit-report.ts'
import type { KeptLetter, LetterChoice } from '../admin/kept-letters.ts'
import type { AppProcess } from '../admin/processes.ts'
import type { AppEventName } from '../events/app-events.ts'
import type { AppListener, ProgramEvents } from '../events/program-events.ts'
import type { Explanation } from '../explain/explanation.ts'
import type { RedriveChoice } from '../redrive/redrive.ts'
import type { RedriveReport } from '../redrive/redrive-report.ts'
import type { AppQuestions } from './app.ts'

/** What every program that runs does alike: it passes on its events, and questions to the brokers. */
export abstract class AppFront implements AppQuestions {
  readonly #events: ProgramEvents
  readonly #questions: AppQuestions

  constructor({ events, questions }: { readonly events: ProgramEvents; readonly questions: AppQuestions }) {
    this.#events = events
    this.#questions = questions
  }

  on<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this {
    this.#events.on(name, listener)
    return this
  }

  once<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this {
    this.#events.once(name, listener)
    return this
  }

  off<Name extends AppEventName>(name: Name, listener: AppListener<Name>): this {
    this.#events.off(name, listener)
    return this
  }

  audit(): Promise<AuditReport> {
    return this.#questions.audit()
  }

  explain(key: string): Promise<Explanation> {
    return this.#questions.explain(key)
  }

  deadLetters(choice?: LetterChoice): Promise<KeptLetter[]> {
    return this.#questions.deadLetters(choice)
  }

  redrive(choice?: RedriveChoice): Promise<RedriveReport> {
    return this.#questions.redrive(choice)
  }

  processes(): Promise<AppProcess[]> {
    return this.#questions.processes()
  }
}
