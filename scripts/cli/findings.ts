import { formatTable } from '../../src/report/table.ts'
import type { Finding } from '../doctor/finding.ts'
import { exitCodes, print } from './output.ts'

/** Prints what was found with counts; the exit code tells of an error. */
export function printFindings(json: boolean | undefined, about: object, findings: readonly Finding[]): void {
  const count = (status: Finding['status']) => findings.filter((finding) => finding.status === status).length
  const counts = { ok: count('ok'), warnings: count('warning'), errors: count('error') }
  print(json, { ...about, ...counts, findings }, () =>
    [
      formatTable(
        [{ title: 'check' }, { title: 'status' }, { title: 'found' }],
        findings.map(({ check, status, detail }) => [check, status === 'ok' ? status : status.toUpperCase(), detail]),
      ),
      `${counts.ok} ok, ${counts.warnings} warnings, ${counts.errors} errors`,
    ].join('\n'),
  )
  if (counts.errors > 0) process.exitCode = exitCodes.failure
}
