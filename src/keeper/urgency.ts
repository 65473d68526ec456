import type { PostDecision } from './policy.ts'

/** Why an account is posted. */
export type PostCode = Extract<PostDecision, { readonly post: true }>['code']

/** Adverse news first, then what would fall silent, then the rest. */
const order: Readonly<Record<PostCode, number>> = {
  boundary: 0,
  worse: 1,
  'boundary-zone': 2,
  unusable: 3,
  heartbeat: 4,
  first: 5,
  better: 6,
}

/** The lower, the sooner it goes out. */
export function urgencyOf(code: PostCode): number {
  return order[code]
}

/** News that somebody who lends must not have to wait for: the account is worse off than its record says, or may be. */
export function isAdverse(code: PostCode): boolean {
  return urgencyOf(code) <= order.unusable
}
