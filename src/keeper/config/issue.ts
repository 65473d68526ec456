import type { z } from 'zod'
import { BaseError } from '../../core/errors.ts'

/** One thing that is wrong with a configuration. Values are never part of the message: they may be secrets. */
export type ConfigIssue = { readonly path: readonly PropertyKey[]; readonly message: string }

/** keeper.yaml cannot be used; each line names the place, the field and what it must be. */
export class ConfigError extends BaseError {
  override readonly name = 'ConfigError'
}

const missing = 'is missing'
const unrecognized = 'is no field; check the spelling'

/** What a schema found, down to the fields inside of a choice. */
export function issuesOf(error: z.ZodError): readonly ConfigIssue[] {
  return error.issues.flatMap((issue) => flatten(issue, []))
}

function flatten(issue: z.core.$ZodIssue, parent: readonly PropertyKey[]): readonly ConfigIssue[] {
  const path = [...parent, ...issue.path]
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({ path: [...path, key], message: unrecognized }))
  }
  if (issue.code === 'invalid_union') {
    return flattenChoice(
      issue.errors.map((errors) => errors.flatMap((inner) => flatten(inner, path))),
      path,
      issue.message,
    )
  }
  if (issue.code === 'invalid_type' && issue.input === undefined && /undefined/.test(issue.message)) {
    return [{ path, message: missing }]
  }
  return [{ path, message: issue.message.replace(/, received .*$/, '').replace(/^Invalid input: /, '') }]
}

/** Of several forms the one that was meant: it has the right type, and the fewest fields that it does not know. */
function flattenChoice(
  forms: readonly (readonly ConfigIssue[])[],
  path: readonly PropertyKey[],
  message: string,
): readonly ConfigIssue[] {
  const objects = forms.filter((issues) => issues.every((issue) => issue.path.length > path.length))
  const [form] = objects
  if (form === undefined) {
    const isAbsent = forms.every((issues) => issues.every(isMissing))
    return [
      { path, message: isAbsent ? missing : message === 'Invalid input' ? (forms[0]?.[0]?.message ?? '') : message },
    ]
  }
  if (objects.length === 1) return form
  const unknown = (issues: readonly ConfigIssue[]) =>
    issues.filter((issue) => issue.message === unrecognized && issue.path.length === path.length + 1).length
  const fewest = Math.min(...objects.map(unknown))
  const [meant, ...others] = objects.filter((issues) => unknown(issues) === fewest)
  if (meant && others.length === 0) return meant
  const names = objects.map((issues) => issues.filter(isMissing).map((issue) => String(issue.path.at(-1))))
  return [{ path, message: `expected one of ${names.map((fields) => fields.join(' with ')).join(', ')}` }]
}

const isMissing = ({ message }: ConfigIssue) => message === missing
