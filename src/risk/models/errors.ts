import { BaseError } from '../../core/errors.ts'

/** A position that the chosen model does not cover; the model refuses the book rather than leave it out. */
export class UnmodeledPositionError extends BaseError {
  override readonly name = 'UnmodeledPositionError'
}
