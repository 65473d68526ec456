import { allAdapters } from '../../src/adapters/all.ts'
import { describeConformance } from './support/conformance.ts'
import type { AnySubject } from './support/subject.ts'

/** The subjects of an adapter lie in the file that its id names: `aave-v3` in `subjects/aaveV3.ts`. */
function subjectFile(adapterId: string): string {
  return `./subjects/${adapterId.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase())}.ts`
}

for (const { id } of allAdapters) {
  const { subjects } = (await import(subjectFile(id))) as { readonly subjects: readonly AnySubject[] }
  for (const subject of subjects) describeConformance(subject)
}
